"""The audit chain: who did what that matters, each entry hashed over the one before, so that none can go missing unseen."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, BigId, UTCDateTime, db, insert

GENESIS = bytes(32)


class AuditEntry(Base):
    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_act_id", "act", "id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(254))
    act: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)


class AuditHead(Base):
    """The one row that every writer locks, so that the chain has no forks."""

    __tablename__ = "audit_heads"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    entries: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True)
class Reached:
    """How far a walk along the chain has come, and the entry at which it broke."""

    entry_id: int = 0
    digest: bytes = GENESIS
    entries: int = 0
    broken_at: int | None = None


SEALED = (AuditEntry.at, AuditEntry.actor, AuditEntry.act, AuditEntry.subject, AuditEntry.detail)


def record(act: str, subject: str, *, actor: str, **detail: Any) -> None:
    """Appends one entry in the current transaction; `detail` holds no personal data of signatories."""
    head = db.session.execute(
        insert(AuditHead)
        .values(id=1, digest=GENESIS, entries=1)
        .on_conflict_do_update(index_elements=["id"], set_={"entries": AuditHead.entries + 1})
        .returning(AuditHead.digest)
    ).scalar_one()
    entry = AuditEntry(at=clock.now(), actor=actor, act=act, subject=subject, detail=detail, previous=head, digest=b"")
    entry.digest = digest_of(entry)
    db.session.add(entry)
    db.session.flush()
    db.session.execute(db.update(AuditHead).values(digest=entry.digest))


def latest(limit: int) -> Sequence[AuditEntry]:
    """The newest entries, the last one first."""
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)).all()


def find_break() -> int | None:
    """The id of the first entry that does not follow from the one before; None when the chain holds to its head."""
    return walk(Reached()).broken_at


def walk(reached: Reached) -> Reached:
    """Goes on from where a walk had come, to the head; what is written meanwhile is walked too."""
    while True:
        before, reached = reached, _to_the_end(reached)
        head = get_head()
        entries, digest = (head.entries, head.digest) if head else (0, GENESIS)
        if reached.broken_at is not None or (entries, digest) == (reached.entries, reached.digest):
            return reached
        if (
            entries <= reached.entries or reached == before
        ):  # a head never lags behind its entries, nor do they behind it
            return replace(reached, broken_at=reached.entries + 1)


def get_head() -> AuditHead | None:
    """The head as it stands committed now."""
    return db.session.scalar(select(AuditHead).where(AuditHead.id == 1).execution_options(populate_existing=True))


def _to_the_end(reached: Reached) -> Reached:
    last, previous, count = reached.entry_id, reached.digest, reached.entries
    later = select(AuditEntry.id, AuditEntry.previous, AuditEntry.digest, *SEALED).where(AuditEntry.id > last)
    for entry in db.session.execute(later.order_by(AuditEntry.id).execution_options(yield_per=1000)):
        if entry.previous != previous or entry.digest != digest_of(entry):
            return Reached(last, previous, count, broken_at=entry.id)
        last, previous, count = entry.id, entry.digest, count + 1
    return Reached(last, previous, count)


def digest_of(entry: Any) -> bytes:
    """The hash that an entry must carry."""
    values = [entry.at.isoformat(), entry.actor, entry.act, entry.subject, entry.detail]
    return hashlib.sha256(entry.previous + json.dumps(values, sort_keys=True).encode()).digest()
