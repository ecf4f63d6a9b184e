"""The audit chain: who did what that matters, each entry hashed over the one before, so that none can go missing unseen."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, BigId, UTCDateTime, db, insert

GENESIS = bytes(32)


class AuditEntry(Base):
    __tablename__ = "audit_entries"
    __table_args__ = {"sqlite_autoincrement": True}
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


def record(act: str, subject: str, *, actor: str, **detail: Any) -> None:
    """Appends one entry in the current transaction; `detail` holds no personal data of signatories."""
    head = db.session.execute(
        insert(AuditHead)
        .values(id=1, digest=GENESIS, entries=1)
        .on_conflict_do_update(index_elements=["id"], set_={"entries": AuditHead.entries + 1})
        .returning(AuditHead.digest)
    ).scalar_one()
    entry = AuditEntry(at=clock.now(), actor=actor, act=act, subject=subject, detail=detail, previous=head, digest=b"")
    entry.digest = _digest(entry)
    db.session.add(entry)
    db.session.flush()
    db.session.execute(db.update(AuditHead).values(digest=entry.digest))


def latest(limit: int) -> Sequence[AuditEntry]:
    """The newest entries, the last one first."""
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)).all()


def find_break() -> int | None:
    """The id of the first entry that does not follow from the one before; None when the chain holds to its head."""
    previous, count = GENESIS, 0
    for entry in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(1000):
        if entry.previous != previous or entry.digest != _digest(entry):
            return entry.id
        previous, count = entry.digest, count + 1
    head = db.session.get(AuditHead, 1)
    if (head.digest, head.entries) != (previous, count) if head else count:
        return count + 1
    return None


def _digest(entry: AuditEntry) -> bytes:
    values = [entry.at.isoformat(), entry.actor, entry.act, entry.subject, entry.detail]
    return hashlib.sha256(entry.previous + json.dumps(values, sort_keys=True).encode()).digest()
