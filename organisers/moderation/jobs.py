"""Standing work around moderation: buckets of reports, and a word to the organisers where something has waited for a day."""

from datetime import timedelta

from sqlalchemy import select

from core import clock, reports
from core.alarms import sound
from core.db import db
from core.jobs import Job
from core.worker import Tick
from organisers.moderation import queue

PATIENCE = timedelta(hours=24)
ALARM = "moderation-waits"


def remind() -> bool:
    """The worker's tick: once a day one mail says how many wait, while anything has waited for a day. Commits."""
    moment = clock.now()
    waiting = queue.attention(None)
    if waiting.since is None or waiting.since > moment - PATIENCE:
        return False
    key = f"{moment:%Y%m%d}"
    if db.session.scalar(select(Job.id).where(Job.key == f"alarm:{ALARM}:{key}")) is not None:
        return False
    sound(ALARM, key, waiting=waiting.number)
    db.session.commit()
    return True


TICKS = (Tick(reports.forget_buckets, every=300.0), Tick(remind, every=3600.0))
