"""The audit chain walked by the worker, from its first entry, so that the office's page need only walk the rest.

A walk costs a second for some 50,000 entries. `flask doctor` walks the whole chain while somebody waits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.alarms import sound
from core.audit import AuditHead, Reached, get_head, walk
from core.db import Base, BigId, UTCDateTime, db, insert

AT_ONCE = 2000  # entries that a page walks while somebody waits


class AuditCheckpoint(Base):
    """The one row that says how far the last whole walk came, and whether it found a break."""

    __tablename__ = "audit_checkpoints"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    entry_id: Mapped[int] = mapped_column(BigId)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    entries: Mapped[int] = mapped_column(Integer)
    broken_at: Mapped[int | None] = mapped_column(BigId)


@dataclass(frozen=True)
class Standing:
    """What is known of the chain: broken where; or whole, walked as a whole at `at` (None: just now) and since; `unwalked`
    entries wait for the worker."""

    broken_at: int | None
    at: datetime | None
    unwalked: int = 0


def standing() -> Standing:
    """The last whole walk, gone on from to the head where that is near."""
    head = get_head()
    last = db.session.get(AuditCheckpoint, 1)
    reached = Reached(last.entry_id, last.digest, last.entries, last.broken_at) if last else Reached()
    at, ahead = last.at if last else None, (head.entries if head else 0) - reached.entries
    if reached.broken_at is not None:
        return Standing(reached.broken_at, at)
    if ahead > AT_ONCE:
        return Standing(None, at, ahead)
    return Standing(walk(reached).broken_at, at)


def check_all() -> bool:
    """The worker's tick: walks the whole chain once a UTC day, and sooner where a page could not walk the rest. Commits."""
    head, last = get_head(), db.session.get(AuditCheckpoint, 1)
    if head is None or not _due(head, last):
        return False
    found = walk(Reached())
    values = {
        "id": 1, "at": clock.now(), "entry_id": found.entry_id, "digest": found.digest, "entries": found.entries,
        "broken_at": found.broken_at,
    }  # fmt: skip
    db.session.execute(insert(AuditCheckpoint).values(values).on_conflict_do_update(index_elements=["id"], set_=values))
    if found.broken_at is not None:
        sound("audit-broken", f"{found.broken_at}", entry=found.broken_at)
    db.session.commit()
    return False  # once a day, however often it is asked


def _due(head: AuditHead, last: AuditCheckpoint | None) -> bool:
    if last is None:
        return head.entries > AT_ONCE
    return last.at.date() < clock.now().date() or head.entries - last.entries > AT_ONCE
