"""The clocks of retention: public, by petition, and shown on the privacy page as they stand here."""

from datetime import datetime, timedelta

from sqlalchemy import select

from core.db import db
from petitions.mails import CONFIRM_LIFE
from petitions.models import Petition, Signature
from petitions.signature_services import GRACE
from petitions.states import Method, PetitionState, SignatureState

UNCONFIRMED = CONFIRM_LIFE  # after its mail, what nobody confirmed
COUNTED = timedelta(days=7)  # after confirming, name and address of who is only counted and wants no updates
DRAFTS = timedelta(hours=1)  # of an export that was killed
MAIL_FILES = timedelta(days=7)  # on a machine without a mail server
AFTER_DELIVERY = timedelta(days=Petition.__table__.c.retention_days.default.arg)
AFTER_CLOSING = timedelta(days=365)  # everybody
SHORTEST, LONGEST = 1, 365  # days that a petition may be kept for after its last delivery
ENDED = (
    PetitionState.CLOSED, PetitionState.DELIVERED, PetitionState.ANSWERED, PetitionState.VICTORY, PetitionState.ARCHIVED,
)  # fmt: skip


def over_at(petition: Petition) -> datetime | None:
    """From when on nobody can sign or confirm; None while no closing is in sight."""
    return petition.closes_at and petition.closes_at + GRACE


def delivered_due(petition: Petition) -> datetime | None:
    """When person data of those goes who want no updates: the petition's days after its last delivery, once it is over."""
    over = over_at(petition)
    if petition.delivered_at is None or over is None:
        return None
    return max(petition.delivered_at, over) + timedelta(days=petition.retention_days)


def everybody_due(petition: Petition) -> datetime | None:
    """When all person data goes: twelve months after closing."""
    return petition.closes_at and petition.closes_at + AFTER_CLOSING


def next_due(petition: Petition) -> datetime | None:
    """The earlier of both clocks."""
    return min(filter(None, (delivered_due(petition), everybody_due(petition))), default=None)


def ran_out(petition: Petition) -> bool:
    """Whether signatures have lost their index: the petition cannot open again, for who has signed is known no more."""
    unknown = (Signature.email_index.is_(None), Signature.cleared_at.is_not(None), Signature.method != Method.PAPER)
    mine = (Signature.petition_id == petition.id, Signature.state == SignatureState.VALID)
    return (
        petition.erased_at is not None
        or db.session.scalar(select(Signature.id).where(*mine, *unknown).limit(1)) is not None
    )
