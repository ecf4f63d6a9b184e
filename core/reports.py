"""What visitors report as harmful: of an opaque subject, like 'comment:12', with a reason. Nothing is hidden by it.

A network counts once a day for one subject, by its bucket, which no row keeps for longer; the words are sealed to the site."""

import enum
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Boolean, Index, Integer, LargeBinary, String, cast, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, BigId, UTCDateTime, db, insert
from core.keystore import KeyMissing
from core.types import one_of
from core.vault import SITE, Sealed, VaultError, vault

SEALED_CONTEXT = "undersigned/report/v1"
BUCKET_LIFE = timedelta(hours=24)
KEPT = timedelta(days=30)  # after an organiser has judged it
UNJUDGED = timedelta(days=90)
READ_EACH = 5  # reports beside one thing in the queue
READ_AT_MOST = 100  # on its own page


class ReportReason(enum.StrEnum):
    ABUSE = "abuse"
    PERSONAL = "personal"
    DANGER = "danger"
    SPAM = "spam"
    OTHER = "other"


class Report(Base):
    """`counts`: whether it is the first of its network on that day; `settled_at`: when an organiser judged the subject."""

    __tablename__ = "reports"
    __table_args__ = (
        Index("uq_reports_subject_bucket", "subject", "bucket", unique=True),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    subject: Mapped[str] = mapped_column(String(40))
    reason: Mapped[ReportReason] = mapped_column(one_of(ReportReason))
    counts: Mapped[bool] = mapped_column(Boolean)
    bucket: Mapped[str | None] = mapped_column(String(32))
    key_id: Mapped[str] = mapped_column(String(16), default="")
    data_key_id: Mapped[str] = mapped_column(String(16), default="")
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Standing(NamedTuple):
    """Open reports of one subject: of how many networks, and since when."""

    networks: int
    since: datetime


@dataclass(frozen=True)
class Said:
    """One report as an organiser reads it; `text` None: its seal does not open."""

    reason: ReportReason
    text: str | None
    received_at: datetime
    settled_at: datetime | None


class Open(NamedTuple):
    """The open reports of one subject: each reason with how many networks gave it, and the first that say something more."""

    reasons: Sequence[tuple[ReportReason, int]]
    said: Sequence[Said]


def file(subject: str, *, reason: ReportReason, text: str, bucket: str, trapped: bool = False) -> None:
    """Keeps a report of a subject; `trapped`: one that a machine filled in counts for nobody.

    The caller has prepared the vault for SITE."""
    public_id = secrets.token_urlsafe(16)
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, {"text": text})
    values = {
        "public_id": public_id, "subject": subject, "reason": reason, "key_id": box.key_id, "data_key_id": box.data_key_id,
        "blob": box.blob, "received_at": clock.now(), "counts": True, "bucket": bucket,
    }  # fmt: skip
    first = insert(Report).values(values).on_conflict_do_nothing(index_elements=["subject", "bucket"])
    if trapped or db.session.execute(first.returning(Report.id)).scalar() is None:
        db.session.execute(insert(Report).values({**values, "counts": False, "bucket": None}))


def standing() -> dict[str, Standing]:
    """The subjects with open reports."""
    counted = func.sum(cast(Report.counts, Integer))
    rows = select(Report.subject, counted, func.min(Report.received_at)).where(Report.settled_at.is_(None))
    found = db.session.execute(rows.group_by(Report.subject).order_by(Report.subject)).all()
    return {subject: Standing(int(networks), since) for subject, networks, since in found}


def of(subject: str) -> list[Said]:
    """The newest reports of a subject, up to a hundred; office and worker only."""
    mine = select(Report).where(Report.subject == subject).order_by(Report.id.desc())
    return [_said(row) for row in db.session.scalars(mine.limit(READ_AT_MOST))]


def open_of(subjects: Collection[str]) -> dict[str, Open]:
    """What the open reports of these say, few of each; who has none is left out. Office and worker only.

    One of each network comes first, so that nobody can push what others wrote out of sight."""
    mine = (Report.subject.in_(subjects), Report.settled_at.is_(None))
    networks = func.sum(cast(Report.counts, Integer))
    counted = select(Report.subject, Report.reason, networks).where(*mine).group_by(Report.subject, Report.reason)
    reasons: dict[str, list[tuple[ReportReason, int]]] = {}
    for subject, reason, number in db.session.execute(counted.order_by(networks.desc(), Report.reason)):
        reasons.setdefault(subject, []).append((reason, int(number)))
    place = (
        func.row_number().over(partition_by=Report.subject, order_by=(Report.counts.desc(), Report.id)).label("place")
    )
    placed = select(Report.id, place).where(*mine).subquery()
    first = select(Report).join(placed, placed.c.id == Report.id).where(placed.c.place <= READ_EACH)
    said: dict[str, list[Said]] = {}
    for row in db.session.scalars(first.order_by(Report.subject, placed.c.place)):
        said.setdefault(row.subject, []).append(_said(row))
    return {
        subject: Open(given, [one for one in said[subject] if one.text != ""]) for subject, given in reasons.items()
    }


def settle(subject: str, moment: datetime) -> None:
    """Ends the subject's open reports: an organiser has judged it at that moment."""
    open_ones = update(Report).where(Report.subject == subject, Report.settled_at.is_(None))
    db.session.execute(open_ones.values(settled_at=moment))


def reopen(subject: str, moment: datetime) -> None:
    """Takes `settle` back: that judgement was undone."""
    ended = update(Report).where(Report.subject == subject, Report.settled_at == moment)
    db.session.execute(ended.values(settled_at=None))


def forget_buckets() -> bool:
    """The worker's tick: a day later no row tells any more from which network it came. Commits."""
    old = (Report.bucket.is_not(None), Report.received_at < clock.now() - BUCKET_LIFE)
    if db.session.scalar(select(Report.id).where(*old).limit(1)) is None:  # an idle worker takes no write lock
        return False
    db.session.execute(update(Report).where(*old).values(bucket=None))
    db.session.commit()
    return True


def forget(moment: datetime) -> int:
    """Deletes what was judged 30 days before, and what nobody judged in 90. How many. Commits."""
    old = (Report.settled_at < moment - KEPT) | (Report.received_at < moment - UNJUDGED)
    gone = db.session.scalars(delete(Report).where(old).returning(Report.id)).all()
    db.session.commit()
    return len(gone)


def drop(subjects: Collection[str]) -> None:
    """Deletes the reports of subjects that are no more."""
    db.session.execute(delete(Report).where(Report.subject.in_(subjects)))


def _said(row: Report) -> Said:
    return Said(row.reason, _text(row), row.received_at, row.settled_at)


def _text(row: Report) -> str | None:
    if row.blob is None:
        return ""
    sealed = Sealed(row.key_id, row.data_key_id, row.blob)
    try:
        return str(vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=row.public_id)["text"])
    except (VaultError, KeyMissing):
        return None
