"""The clocks of comments, told on the privacy page from here. What is approved stays with its case, without an address."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update

from cases.comments.models import Comment, CommentState
from core import reports
from core.db import db

ADDRESS = timedelta(days=90)  # after it was approved
REJECTED = timedelta(days=30)
UNJUDGED = timedelta(days=90)
AT_ONCE = 500


def run(moment: datetime) -> Counter[str]:
    """Deletes whatever has run out by this moment; how many of each. Commits as it goes."""
    done: Counter[str] = Counter()
    while found := _forget_addresses(moment - ADDRESS):
        done["addresses of comments"] += found
    while found := _delete(moment):
        done["comments"] += found
    done["reports"] = reports.forget(moment)
    return done


def _forget_addresses(before: datetime) -> int:
    old = (Comment.state == CommentState.APPROVED, Comment.judged_at < before, Comment.blob.is_not(None))
    ids = db.session.scalars(select(Comment.id).where(*old).order_by(Comment.id).limit(AT_ONCE)).all()
    emptied = update(Comment).where(Comment.id.in_(ids), *old).values(blob=None, key_id="", data_key_id="")
    db.session.execute(emptied)
    db.session.commit()
    return len(ids)


def _delete(moment: datetime) -> int:
    since = func.coalesce(Comment.judged_at, Comment.received_at)
    ended = Comment.state.in_((CommentState.REJECTED, CommentState.WITHDRAWN)) & (since < moment - REJECTED)
    forgotten = (Comment.state == CommentState.HELD) & (since < moment - UNJUDGED)
    old = or_(ended, forgotten)
    ids = db.session.scalars(select(Comment.id).where(old).order_by(Comment.id).limit(AT_ONCE)).all()
    gone = db.session.scalars(delete(Comment).where(Comment.id.in_(ids), old).returning(Comment.id)).all()
    reports.drop([f"comment:{number}" for number in gone])
    db.session.commit()
    return len(gone)
