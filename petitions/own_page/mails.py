"""The mails that an own page asks for: a new link to it, and the file of everything that is stored."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app
from sqlalchemy import or_, select

from core import clock, mail, relay, unsubscribes
from core.db import db
from core.jobs import Job
from petitions import mails, retelling
from petitions.models import Submission
from petitions.own_page import data as own_page_data
from petitions.own_page.services import Standing

LINKS_A_WEEK = 5  # to one mailbox and petition, whoever asks; a week is the calendar's, Monday to Sunday in UTC
FILE = "signature.json"


def promise_link(standing: Standing, person: Mapping[str, Any], public_ids: Iterable[str]) -> None:
    """Mails a link that somebody asked for by the address alone; nothing once five went there this week.

    Counted are the promises themselves: their keys hold the week and a number, so that none is made twice."""
    ids = list(public_ids)
    taken = set(db.session.scalars(select(Job.key).where(Job.key.in_([f"mail:{key}" for key in _keys(ids)]))))
    free = [key for key in _keys([standing.submission.public_id]) if f"mail:{key}" not in taken]
    if len(taken) < LINKS_A_WEEK and free:
        _promise(standing, person, "own_link", free[0])


def promise_renewed(standing: Standing, person: Mapping[str, Any], key: str) -> None:
    """Mails the link that takes the place of those that its owner made useless; whoever holds it asked for it."""
    _promise(standing, person, "own_link", f"own_link:{standing.submission.public_id}:{key}", essential=True)


def promise_data(standing: Standing, person: Mapping[str, Any], key: str) -> None:
    """Mails the file, to the address that signed and to no other."""
    file = (FILE, own_page_data.as_text(standing, person))
    _promise(
        standing, person, "own_data", f"own_data:{standing.submission.public_id}:{key}", essential=True, attachment=file
    )


def recall_left() -> bool:
    """The worker's tick: takes back what still waits to be mailed to somebody who has left, by whatever door. Commits."""
    unsent = (Job.kind == "mail", Job.state.in_(("queued", "dead")), Job.blob.is_not(None))
    own = or_(*(Job.key.startswith(f"mail:{template}:") for template in mails.OWN))
    waiting = {str(key): str(key).split(":")[2] for key in db.session.scalars(select(Job.key).where(*unsent, own))}
    stands = (Submission.public_id.in_(waiting.values()), Submission.email_index.is_not(None))
    here = set(db.session.scalars(select(Submission.public_id).where(*stands))) if waiting else set()
    left = [key.removeprefix("mail:") for key, public_id in waiting.items() if public_id not in here]
    if left:
        mail.recall(left)
        db.session.commit()
    return bool(left)


def _keys(public_ids: Iterable[str]) -> list[str]:
    year, week, _day = clock.now().isocalendar()
    return [f"own_link:{one}:{year}w{week}:{number}" for one in public_ids for number in range(LINKS_A_WEEK)]


def _promise(standing: Standing, person: Mapping[str, Any], template: str, key: str, **how: Any) -> None:
    petition, submission = standing.petition, standing.submission
    server = current_app.config["UNDERSIGNED"].server_url
    links, digests = mails.fresh_links(submission, mails.ALWAYS, server)
    links["unsubscribe"] = f"{server}/unsubscribe/{unsubscribes.token_of(person['email'])}"
    mail.promise(
        template, to=person["email"], key=key, context={"links": links}, teller=retelling.of(petition, waits=False),
        language=petition.language, priority=relay.AFTERWARDS,
        then=("petitions.mail_sent", {"submission": submission.id, "links": digests}), **how,
    )  # fmt: skip
