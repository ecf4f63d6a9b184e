"""Mails that an own page asks for: links to it, the proof of a new address, the file of what is stored, the last one."""

from typing import Any

from sqlalchemy import select

from core import clock, mail
from core.db import db
from core.jobs import Job
from donations.own_page import data, links
from donations.own_page.models import Donor

MAILS_A_WEEK = 5  # of one kind about one donor, whoever asks; a week is the calendar's, Monday to Sunday in UTC
FILE = "gifts.json"


def promise_link(donor: Donor, person: dict[str, Any]) -> None:
    """Mails a link that somebody asked for by the address alone; nothing once five went there this week."""
    if key := _free("donor_link", donor):
        _promise(donor, person["email"], "donor_link", key, name=person["name"], page=links.fresh(donor))


def promise_renewed(donor: Donor, person: dict[str, Any], job: Job) -> None:
    """Mails the link that takes the place of those that their owner made useless; whoever holds it asked for it."""
    key = f"donor_link:{donor.public_id}:{job.public_id}"
    _promise(donor, person["email"], "donor_link", key, essential=True, name=person["name"], page=links.fresh(donor))


def promise_proof(donor: Donor, email: str) -> str:
    """Mails a new address the link by which it becomes the donor's; no name, for it may be anybody's. The link's mark; empty
    once enough such mails went out this week."""
    key = _free("donor_address", donor)
    if key is None:
        return ""
    proof, mark = links.fresh_proof(donor)
    _promise(donor, email, "donor_address", key, proof=proof)
    return mark


def promise_moved(donor: Donor, person: dict[str, Any], old: str, job: Job) -> None:
    """Tells both mailboxes that mail goes to the new one, which gets the link to the own page."""
    for which, to in (("old", old), ("new", person["email"])):
        page = links.fresh(donor) if which == "new" else ""
        key = f"donor_moved:{donor.public_id}:{job.public_id}:{which}"
        _promise(donor, to, "donor_moved", key, essential=True, name=person["name"], page=page)


def promise_data(donor: Donor, person: dict[str, Any], job: Job) -> None:
    """Mails the file, to the donor's address and to no other."""
    context = {"name": person["name"], "page": links.fresh(donor), "file": FILE}
    mail.promise(
        "donor_data", to=person["email"], key=f"donor_data:{donor.public_id}:{job.public_id}", context=context,
        language=donor.language, essential=True, attachment=(FILE, data.as_text(donor, person)),
    )  # fmt: skip


def promise_erased(donor: Donor, person: dict[str, Any], *, receipts: bool) -> None:
    """The last mail: what was deleted, and what stays and why."""
    key = f"donor_erased:{donor.public_id}"
    _promise(donor, person["email"], "donor_erased", key, essential=True, name=person["name"], receipts=receipts)


def _promise(donor: Donor, to: str, template: str, key: str, *, essential: bool = False, **context: Any) -> None:
    mail.promise(template, to=to, key=key, context=context, language=donor.language, essential=essential)


def _free(template: str, donor: Donor) -> str | None:
    """A key that no mail of this week has; None once there are as many as may be."""
    year, week, _day = clock.now().isocalendar()
    keys = [f"{template}:{donor.public_id}:{year}w{week}:{number}" for number in range(MAILS_A_WEEK)]
    taken = set(db.session.scalars(select(Job.key).where(Job.key.in_([f"mail:{key}" for key in keys]))))
    return next((key for key in keys if f"mail:{key}" not in taken), None)
