"""The nightly recount: every tally compared with the signatures, repaired, and reported in the audit chain."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core import audit, clock
from core.audit import AuditEntry
from core.db import db
from petitions.counting import tallies

ACT = "tallies.recounted"
NIGHTLY = "the nightly recount"


@dataclass(frozen=True)
class Report:
    """A recount: petition id → how far its number was off, and how many smaller numbers were; all repaired then and there."""

    at: datetime
    actor: str
    drifts: dict[int, int]
    cells: int


def run(*, actor: str) -> dict[int, int]:
    """Counts every signature afresh, repairs the tallies, and reports it; each petition's drift. Flushes."""
    found = tallies.repair()
    drifts = {str(petition_id): amount for petition_id, amount in sorted(found.drifts.items())}
    audit.record(ACT, "tallies", actor=actor, drift=drifts, cells=found.cells)
    return found.drifts


def nightly() -> bool:
    """The worker's tick: the first worker of a UTC day recounts, the others find it done. Commits."""
    if _done_today():
        return False
    tallies.lock()
    if _done_today():  # another worker was faster
        db.session.rollback()
        return False
    run(actor=NIGHTLY)
    db.session.commit()
    return True


def last() -> Report | None:
    """What the newest recount found; None before the first."""
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.act == ACT).order_by(AuditEntry.id.desc()).limit(1))
    if entry is None:
        return None
    drifts = {int(petition_id): amount for petition_id, amount in entry.detail["drift"].items()}
    return Report(entry.at, entry.actor, drifts, entry.detail["cells"])


def _done_today() -> bool:
    at = select(AuditEntry.at).where(AuditEntry.act == ACT, AuditEntry.actor == NIGHTLY)
    newest = db.session.scalar(at.order_by(AuditEntry.id.desc()).limit(1))
    return newest is not None and newest.date() >= clock.now().date()
