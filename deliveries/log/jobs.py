"""The worker's part of the public log: each day the lines that came and went, and a checkpoint over them."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select

from core import clock
from core.db import db
from core.jobs import Job, enqueue
from core.keystore import KeyMissing
from core.slow_jobs import SLOW, heed
from core.worker import Tick
from deliveries.log import chunks, services
from deliveries.log.chunks import UNSYNCED
from deliveries.log.models import LogCheckpoint, LoggedLine, LogWaiting
from petitions.models import Petition, Signature

log = logging.getLogger(__name__)
SIGN = "deliveries.log"  # the kind of the day's job


def daily() -> bool:
    """The worker's tick: promises the day's work where somebody signed before today. Commits."""
    midnight = _midnight()
    if _waiting(midnight):
        enqueue(SIGN, key=f"log:{midnight:%Y-%m-%d}", priority=SLOW)
    return _forget_erased()


def sign_all(job: Job) -> None:
    """Brings up to date and signs the log of each petition that somebody signed before today. Commits after each."""
    for petition_id in _waiting(_midnight()):
        heed()
        _bring_up_to_date(petition_id)


def _midnight() -> datetime:
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)


def _waiting(midnight: datetime) -> list[int]:
    """Petitions with signatures of before today, unless their log was signed today already."""
    mine = Petition.id
    signed = exists().where(Signature.petition_id == mine, Signature.confirmed_at < midnight)
    today = exists().where(
        LogCheckpoint.petition_id == mine, LogCheckpoint.created_at >= midnight, LogCheckpoint.note != ""
    )
    return list(db.session.scalars(select(mine).where(Petition.erased_at.is_(None), signed, ~today).order_by(mine)))


def _bring_up_to_date(petition_id: int) -> None:
    """Commits; a petition whose key is not at hand holds no other one up."""
    petition = db.session.get_one(Petition, petition_id)
    slug, before = petition.slug, services.find_newest(petition_id)
    size = before.size if before else 0
    try:
        services.append(petition)
    except KeyMissing:
        db.session.rollback()
        log.error("the public log of %s stopped: its key is not in the keystore", slug)
        return
    if chunks.size(petition_id) > size:
        services.checkpoint(petition)
    db.session.commit()


def _forget_erased() -> bool:
    """Of an erased petition nothing tells any more which leaf was whose; the log and what was signed about it stay. Commits."""
    erased = select(Petition.id).where(Petition.erased_at.is_not(None))
    gone = [table for table in (LoggedLine, LogWaiting) if db.session.scalar(_first(table, erased)) is not None]
    for table in gone:
        db.session.execute(delete(table).where(table.petition_id.in_(erased)), execution_options=UNSYNCED)
    db.session.commit()
    return bool(gone)


def _first(table: type[LoggedLine] | type[LogWaiting], petitions: Any) -> Any:
    return select(table.petition_id).where(table.petition_id.in_(petitions)).limit(1)


JOBS = {SIGN: sign_all}
TICKS = (Tick(daily, every=3600.0),)
