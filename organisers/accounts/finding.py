"""Which case an office page is about, from what stands in its address."""

from typing import Any

from sqlalchemy import select

from cases.models import Case
from core.db import db
from donations.models import Donation
from donations.wall.models import WallEntry
from petitions.abuse.models import Signal
from petitions.models import Petition


def of_case(case_id: int, **others: Any) -> int | None:
    return db.session.scalar(select(Case.id).where(Case.id == case_id))


def of_petition(petition_id: int, **others: Any) -> int | None:
    return db.session.scalar(select(Petition.case_id).where(Petition.id == petition_id))


def of_signal(signal_id: int, **others: Any) -> int | None:
    query = select(Petition.case_id).join(Signal, Signal.petition_id == Petition.id)
    return db.session.scalar(query.where(Signal.id == signal_id))


def of_gift(public_id: str, **others: Any) -> int | None:
    """None for a gift to the general fund, too."""
    return db.session.scalar(select(Donation.case_id).where(Donation.public_id == public_id))


def of_words(entry_id: int, **others: Any) -> int | None:
    return db.session.scalar(select(WallEntry.case_id).where(WallEntry.id == entry_id))
