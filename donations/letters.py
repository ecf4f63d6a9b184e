"""Mails to a donor, whose address only the worker can open."""

from collections.abc import Mapping
from typing import Any

from core import mail
from donations.checkout_services import open_donor
from donations.models import Donation
from donations.own_page import donors, links


def write(
    donation: Donation, template: str, *, key: str, context: Mapping[str, Any], document: mail.Document | None = None
) -> None:
    """Promises one mail for each template and key, with a link to the donor's own page as `page`; none where the gift's data
    were erased: nobody is left to write to."""
    donor = donors.of(donation)
    if donation.blob is None or donor is None or donor.blob is None:
        return
    gift, person = open_donor(donation), donors.open_person(donor)
    # a gift of before there were tributes has no such name
    about = {"name": person["name"], "tribute_name": gift.get("tribute_name", ""), "page": links.fresh(donor)}
    mail.promise(
        template, to=person["email"], key=f"{template}:{key}", context={**context, **about}, language=donation.language,
        essential=True, document=document,
    )  # fmt: skip
