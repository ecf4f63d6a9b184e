"""What an organiser did with held signatures, undone: within a week, as far as nobody has confirmed meanwhile."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Update, delete, func, select, update

from core import clock
from core.db import db
from petitions import mails
from petitions.abuse.held_services import SILENT, UNDO_LIFE
from petitions.abuse.models import HeldJudgement
from petitions.models import Submission
from petitions.states import SubmissionState

UNDOABLE = (SubmissionState.RECEIVED, SubmissionState.MAILED, SubmissionState.DISCARDED)


def left(judgements: Collection[int]) -> dict[int, int]:
    """How many submissions each of these judgements could still give back; none where a judgement is left out."""
    number = select(HeldJudgement.judgement_id, func.count()).join(
        Submission, Submission.id == HeldJudgement.submission_id
    )
    mine = number.where(HeldJudgement.judgement_id.in_(judgements), *_stands()).group_by(HeldJudgement.judgement_id)
    return {judgement: count for judgement, count in db.session.execute(mine)}


def undo(judgement: int) -> int:
    """Holds again, for the same reason as before, whatever a judgement let go or discarded; what was let go and is not yet
    mailed is not mailed. Who has confirmed since stays confirmed. The number of submissions."""
    mine = HeldJudgement.judgement_id == judgement
    reason = select(HeldJudgement.reason).where(mine, HeldJudgement.submission_id == Submission.id).scalar_subquery()
    again = {"held_reason": reason, "held_at": clock.now(), "released_at": None, "expires_at": None}
    back: Update = update(Submission).where(
        Submission.id.in_(select(HeldJudgement.submission_id).where(mine)), *_stands()
    )
    values = {"state": SubmissionState.HELD, "code_digest": None, **again}
    held = back.values(values).returning(Submission.public_id, Submission.mails)
    rows = db.session.execute(held, execution_options=SILENT).all()
    mails.recall(row.public_id for row in rows if row.mails)
    db.session.execute(delete(HeldJudgement).where(mine))
    return len(rows)


def forget(moment: datetime) -> int:
    """Deletes what is too old to be undone. How many. Commits."""
    old = delete(HeldJudgement).where(HeldJudgement.at < moment - UNDO_LIFE)
    gone = db.session.scalars(old.returning(HeldJudgement.submission_id)).all()
    db.session.commit()
    return len(gone)


def _stands() -> tuple[ColumnElement[bool], ...]:
    return Submission.state.in_(UNDOABLE), Submission.blob.is_not(None)
