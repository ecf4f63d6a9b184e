"""An update's mails in the outbox, found by their names: held back, let go, taken back, counted."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update

from core import clock, relay
from core.db import db
from core.job_names import called
from core.jobs import Job
from petitions.updates.models import Update

PREFIX = "update"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # until somebody resumes it
WAITING = ("queued", "running")
UNSYNCED = {"synchronize_session": False}


def key(found: Update, mark: bytes) -> str:
    """The name of the one mail that a mailbox gets of this update."""
    return f"{PREFIX}:{found.public_id}:{mark.hex()}"


def hold(found: Update) -> None:
    """What waits stays where it is until `let_go`."""
    db.session.execute(_waiting(found).values(run_at=NEVER), execution_options=UNSYNCED)


def let_go(found: Update) -> None:
    db.session.execute(_waiting(found).values(run_at=clock.now()), execution_options=UNSYNCED)


def recall(found: Update) -> None:
    """Takes back what waits, given up ones too: what they hold of a person goes."""
    gone = {"state": "done", "blob": None, "finished_at": clock.now()}
    unsent = (*_named(found), Job.state.in_(("queued", "dead")), Job.blob.is_not(None))
    db.session.execute(update(Job).where(*unsent).values(gone), execution_options=UNSYNCED)


def waiting() -> int:
    """How many mails of any update wait: those that are held back do not."""
    unsent = (Job.state.in_(WAITING), Job.priority == relay.UPDATE, Job.run_at < NEVER, Job.kind == "mail")
    return db.session.scalar(select(func.count()).select_from(Job).where(*unsent)) or 0


def is_empty(found: Update) -> bool:
    """Whether nothing of the update waits any more."""
    unsent = select(Job.id).where(*_named(found), Job.state.in_(WAITING)).limit(1)
    return db.session.scalar(unsent) is None


def unsent(found: Update) -> int:
    """How many of its mails wait."""
    waits = select(func.count()).select_from(Job).where(*_named(found), Job.state.in_(WAITING))
    return db.session.scalar(waits) or 0


def _waiting(found: Update) -> Any:
    return update(Job).where(*_named(found), Job.state == "queued")


def _named(found: Update) -> tuple[Any, ...]:
    return called(f"mail:{PREFIX}", found.public_id)
