"""Legal holds: while one stands, no clock deletes anything of that petition; every other petition's clocks go on.

A hold never stops a person: who withdraws or asks to be erased is gone at once."""

from sqlalchemy import select

from core import audit
from petitions.models import Petition

HELD = select(Petition.id).where(Petition.legal_hold != "")  # for a clock's `not_in`


class NoReason(ValueError):
    """Holding, and ending a hold, need a reason that the audit chain keeps."""


def hold(petition: Petition, reason: str, *, actor: str) -> None:
    """Stops this petition's clocks from now on. Raises NoReason."""
    petition.legal_hold = _needed(reason)
    audit.record("hold.set", petition.slug, actor=actor, reason=petition.legal_hold)


def lift(petition: Petition, reason: str, *, actor: str) -> None:
    """Lets the clocks go on: what has run out meanwhile is deleted at their next run. Raises NoReason."""
    audit.record("hold.lifted", petition.slug, actor=actor, reason=_needed(reason), was=petition.legal_hold)
    petition.legal_hold = ""


def _needed(reason: str) -> str:
    if not reason.strip():
        raise NoReason
    return reason.strip()
