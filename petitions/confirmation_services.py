"""Between a mail and the press of its button: what expires."""

from sqlalchemy import delete, update

from core import clock
from core.db import db
from petitions import mails
from petitions.models import SignatureToken, Submission
from petitions.states import SubmissionState


def expire() -> bool:
    """The worker's hourly tick: 21 days after its mail an unconfirmed submission loses everything personal. Commits."""
    over = Submission.expires_at < clock.now()
    waiting = Submission.state.in_((SubmissionState.MAILED, SubmissionState.HELD))
    emptied = {"state": SubmissionState.EXPIRED, "blob": None, "email_index": None, "code_digest": None}
    emptying = update(Submission).where(waiting, over).values(emptied).returning(Submission.public_id)
    expired = db.session.scalars(emptying).all()
    mails.recall(expired)
    db.session.execute(delete(SignatureToken).where(SignatureToken.expires_at < clock.now()))
    db.session.commit()
    return bool(expired)
