"""Mails to a donor, whose address only the worker can open."""

from collections.abc import Mapping
from typing import Any

from core import mail
from donations.checkout_services import open_donor
from donations.models import Donation


def write(donation: Donation, template: str, *, key: str, context: Mapping[str, Any]) -> None:
    """Promises one mail for each template and key; none where the donor's data were erased: nobody is left to write to."""
    if donation.blob is None:
        return
    donor = open_donor(donation)
    mail.promise(
        template,
        to=donor["email"],
        key=f"{template}:{key}",
        context={
            **context,
            "name": donor["name"],
            "tribute_name": donor.get("tribute_name", ""),
        },  # older gifts have none
        language=donation.language,
        essential=True,
    )
