"""Rows that were taken over, on their way out of the imported number: confirmed here, signed anew, or left."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, update

from core import clock
from core.db import db
from petitions.counting import tallies
from petitions.mails import CONFIRM_LIFE
from petitions.models import Submission
from petitions.states import Method, SubmissionState

UNSYNCED = {"synchronize_session": False}


def count(petition_id: int, step: int, sources: Iterable[str]) -> None:
    """Notes moves in (+1) or out (-1) of the imported number, each by the system that it came from."""
    hour = clock.to_hour(clock.now())
    for source, rows in sorted(Counter(sources).items()):
        tallies.change(petition_id, step * rows, country="", source=source, hour=hour, method=Method.IMPORTED)


def hold(petition_id: int, index: bytes | None) -> Sequence[Any]:
    """Locks whatever an address has sent to the petition, and what was taken over of it: id, state and source of each.

    Always in the order of ids, so that nobody waits for who waits for them; a batch of invitations under way ends first."""
    same = (Submission.petition_id == petition_id, Submission.email_index == index)
    columns = (Submission.id, Submission.state, Submission.source)
    return db.session.execute(select(*columns).where(*same).order_by(Submission.id).with_for_update()).all()


def follow(petition_id: int, index: bytes) -> None:
    """Whoever has just confirmed is counted as confirmed only; links that were mailed about the other row lead here.

    The caller holds the address's rows; one whose index has changed just now, and that somebody holds, is passed over."""
    same = (Submission.petition_id == petition_id, Submission.email_index == index)
    found = select(Submission.id).where(*same, Submission.state == SubmissionState.IMPORTED)
    if db.engine.dialect.name == "postgresql":
        found = found.with_for_update(skip_locked=True)
    values = {"state": SubmissionState.SUPERSEDED, "blob": None, "expires_at": clock.now() + CONFIRM_LIFE}
    moved = update(Submission).where(Submission.id.in_(found.scalar_subquery())).values(values)
    count(petition_id, -1, db.session.scalars(moved.returning(Submission.source), execution_options=UNSYNCED).all())
