"""What organisers decide about a petition's data: when the letter was delivered, how long after that names stay."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from core import audit, clock
from petitions import services
from petitions.models import Petition
from petitions.states import PetitionState

AFTER_SIGNING = (PetitionState.CLOSED, PetitionState.DELIVERED, PetitionState.ANSWERED, PetitionState.VICTORY)


class StillSigning(ValueError):
    """A delivery ends signing for good: the petition must be closed first."""


class NotYet(ValueError):
    """A day that is still to come."""


def takes_delivery(petition: Petition) -> bool:
    return petition.state in AFTER_SIGNING and petition.erased_at is None


def record_delivery(petition: Petition, on: date, days: int, *, actor: str) -> None:
    """Notes the last delivery and the days that names stay after it. Raises StillSigning, NotYet."""
    if not takes_delivery(petition):
        raise StillSigning(petition.slug)
    moment = datetime.combine(on, time(), ZoneInfo(petition.time_zone))
    if moment > clock.now():
        raise NotYet(on)
    if petition.state == PetitionState.CLOSED:
        services.move(petition, PetitionState.DELIVERED)
    petition.delivered_at, petition.retention_days = moment, days
    audit.record("petition.delivered", petition.slug, actor=actor, on=on.isoformat(), days=days)
