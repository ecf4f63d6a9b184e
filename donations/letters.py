"""Mails to a donor, whose address only the worker can open."""

from collections.abc import Mapping
from typing import Any

from flask import current_app

from core import mail, unsubscribes
from donations.checkout_services import open_donor
from donations.models import Donation
from donations.own_page import donors, links
from donations.own_page.models import Donor
from donations.papers import words


def write(
    donation: Donation,
    template: str,
    *,
    key: str,
    context: Mapping[str, Any],
    document: mail.Document | None = None,
    essential: bool = True,
) -> None:
    """Promises one mail about a gift for each template and key, as `write_to` does, in the gift's own language; none where the
    gift's data were erased: nobody is left to write to."""
    donor = reached_by(donation)
    if donor is None:
        return
    about = {**context, "tribute_name": words.tribute_name(donation, open_donor(donation))}
    write_to(
        donor, template, key=key, context=about, language=donation.language, document=document, essential=essential
    )


def write_to(
    donor: Donor,
    template: str,
    *,
    key: str,
    context: Mapping[str, Any],
    language: str = "",
    document: mail.Document | None = None,
    essential: bool = True,
) -> None:
    """Promises one mail for each template and key, with the donor's `name` and a link to the own page as `page`; in the donor's
    language where none is named.

    One that is not `essential` goes to nobody who wants no mail, and says how to be spared the next."""
    standing = donors.lock(donor.id)  # whoever erases the donor meanwhile finds the mail, or we find nobody
    if standing is None:
        return
    person = donors.open_person(standing)
    about = {"name": person["name"], "page": links.fresh(standing)}
    if not essential:
        server = current_app.config["UNDERSIGNED"].server_url
        about["links"] = {"unsubscribe": f"{server}/unsubscribe/{unsubscribes.token_of(person['email'])}"}
    mail.promise(
        template, to=person["email"], key=f"{template}:{key}", context={**context, **about},
        language=language or standing.language, essential=essential, document=document,
    )  # fmt: skip


def reached_by(donation: Donation) -> Donor | None:
    """The donor of a gift; None where the gift's data or the donor's were erased."""
    donor = donors.of(donation)
    return donor if donation.blob is not None and donor is not None and donor.blob is not None else None
