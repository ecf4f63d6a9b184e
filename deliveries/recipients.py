"""Whom a delivery is for, as anybody may read it."""

from cases import veil
from deliveries.models import Delivery

NAMED = ("name", "role", "organisation")


def addressee(found: Delivery) -> str:
    """Name and office, as the petition named them then; a name that is covered in a blurred case stays covered."""
    return veil.shown(found.petition.case, ", ".join(filter(None, (found.recipient.get(part) for part in NAMED))))
