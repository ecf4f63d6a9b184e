"""An update's mails in the outbox, found by their names: held back, let go, taken back, counted."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from core import clock, relay
from core.db import db
from core.job_names import called
from core.jobs import Job
from petitions.updates.models import Update

PREFIX = "update"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # until somebody resumes it
WAITING = ("queued", "running")
FORGOTTEN_AT_ONCE = 1000
UNSYNCED = {"synchronize_session": False}


def key(found: Update, mark: bytes) -> str:
    """The name of the one mail that a mailbox gets of this update."""
    return f"{PREFIX}:{found.public_id}:{mark.hex()}"


def hold(found: Update) -> None:
    """What waits stays where it is until `let_go`."""
    db.session.execute(_waiting(found).values(run_at=NEVER), execution_options=UNSYNCED)


def let_go(found: Update) -> None:
    db.session.execute(_waiting(found).values(run_at=clock.now()), execution_options=UNSYNCED)


def recall(found: Update) -> int:
    """Takes back what waits, and empties what was given up; how many will now never go that might have gone."""
    gone = {"state": "done", "blob": None, "finished_at": clock.now()}
    taken = db.session.execute(_waiting(found).values(gone).returning(Job.id), execution_options=UNSYNCED).all()
    dead = (*_named(found), Job.state == "dead", Job.blob.is_not(None))
    db.session.execute(update(Job).where(*dead).values(blob=None), execution_options=UNSYNCED)
    return len(taken)


def forget(found: Update) -> bool:
    """Removes the names of some mails that are done; whether there were any. An update that has ended promises none twice."""
    some = select(Job.id).where(*_named(found), Job.state.in_(("done", "dead"))).limit(FORGOTTEN_AT_ONCE)
    ids = db.session.scalars(some).all()
    if ids:  # else no lock is taken
        db.session.execute(delete(Job).where(Job.id.in_(ids)), execution_options=UNSYNCED)
    return bool(ids)


def waiting() -> int:
    """How many mails of any update wait: those that are held back do not."""
    unsent = (*_of_updates(), Job.state.in_(WAITING), Job.run_at < NEVER)
    return db.session.scalar(select(func.count()).select_from(Job).where(*unsent)) or 0


def is_empty(found: Update) -> bool:
    """Whether nothing of the update waits any more."""
    unsent = select(Job.id).where(*_named(found), *_of_updates(), Job.state.in_(WAITING)).limit(1)
    return db.session.scalar(unsent) is None


def unsent(found: Update) -> int:
    """How many of its mails wait."""
    waits = select(func.count()).select_from(Job).where(*_named(found), *_of_updates(), Job.state.in_(WAITING))
    return db.session.scalar(waits) or 0


def _waiting(found: Update) -> Any:
    return update(Job).where(*_named(found), *_of_updates(), Job.state == "queued")


def _of_updates() -> tuple[Any, ...]:
    """What leads to them by the index of the queue: of those that are done there are many."""
    return Job.priority == relay.UPDATE, Job.kind == "mail"


def _named(found: Update) -> tuple[Any, ...]:
    return called(f"mail:{PREFIX}", found.public_id)
