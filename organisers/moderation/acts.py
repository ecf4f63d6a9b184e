"""The book of what moderators did: the last act of a subject or of an organiser, and what time does to notes."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from core import clock
from core.db import db
from organisers.moderation.models import Act, ModerationAct

NOTES_KEPT = timedelta(days=30)  # a note may speak of the words that were judged, and they are gone by then
LAST_FOR = timedelta(hours=1)


def of(subject: str, *, limit: int = 100) -> Sequence[ModerationAct]:
    """What was done with a subject, the newest first."""
    mine = select(ModerationAct).where(ModerationAct.subject == subject)
    return db.session.scalars(mine.order_by(ModerationAct.id.desc()).limit(limit)).all()


def standing(subject: str) -> ModerationAct | None:
    """The act that made a subject what it is; None where nobody has judged it, or all was undone."""
    return standing_of([subject]).get(subject)


def standing_of(subjects: Collection[str]) -> dict[str, ModerationAct]:
    """`standing` of many at once; a subject without one is left out."""
    last = select(func.max(ModerationAct.id)).where(ModerationAct.subject.in_(subjects), *stands())
    rows = select(ModerationAct).where(ModerationAct.id.in_(last.group_by(ModerationAct.subject)))
    return {act.subject: act for act in db.session.scalars(rows)}


def last_by(actor: str) -> ModerationAct | None:
    """What an organiser did last in the room, within the hour and not undone; held signatures have a page of their own."""
    mine = (
        ModerationAct.actor == actor,
        ModerationAct.subject.not_like("held:%"),
        ModerationAct.at > clock.now() - LAST_FOR,
        *stands(),
    )
    return db.session.scalar(select(ModerationAct).where(*mine).order_by(ModerationAct.id.desc()).limit(1))


def forget(moment: datetime) -> int:
    """Empties notes of 30 days before; who did what and when stays. How many. Commits."""
    old = update(ModerationAct).where(ModerationAct.note != "", ModerationAct.at < moment - NOTES_KEPT)
    emptied = db.session.scalars(old.values(note="").returning(ModerationAct.id)).all()
    db.session.commit()
    return len(emptied)


def stands() -> tuple[Any, ...]:
    """Of an act: that it is a judgement, and not undone."""
    return ModerationAct.undone_at.is_(None), ModerationAct.act != Act.UNDO
