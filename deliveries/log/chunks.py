"""The log itself: leaves in chunks, of which the last is filled up; nothing is ever taken out."""

import secrets
from collections.abc import Iterator

from sqlalchemy import delete, func, insert, select

from core.db import db
from deliveries.log.leaves import LEAF
from deliveries.log.models import LogChunk, LogWaiting

CHUNK = 8192  # leaves
LOCK = 0x6C6F67  # with a petition's id: who writes to its log on PostgreSQL; SQLite has one writer at a time
AT_ONCE = 50  # rows that wait, of 64 KB each
UNSYNCED = {"synchronize_session": False}


def size(petition_id: int) -> int:
    """How many leaves the log has."""
    newest = select(LogChunk.first, func.length(LogChunk.leaves)).where(LogChunk.petition_id == petition_id)
    last = db.session.execute(newest.order_by(LogChunk.first.desc()).limit(1)).one_or_none()
    return last[0] + last[1] // LEAF if last else 0


def prefix(petition_id: int, wanted: int) -> Iterator[bytes]:
    """The first `wanted` leaves, in pieces."""
    for first in range(0, wanted, CHUNK):
        yield piece(petition_id, first)[: (wanted - first) * LEAF]


def piece(petition_id: int, at: int) -> bytes:
    """The chunk in which the leaf `at` stands, or would stand."""
    here = (LogChunk.petition_id == petition_id, LogChunk.first == at - at % CHUNK)
    return db.session.scalar(select(LogChunk.leaves).where(*here)) or b""


def lock(petition_id: int) -> None:
    """Begins a short transaction that writes to the log, or to what waits for it."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(LOCK, petition_id)))


def fold(petition_id: int) -> bool:
    """Shuffles what waits into the log, in one transaction of its own; False where another was faster: then once more."""
    found = select(LogWaiting.id, LogWaiting.leaves).where(LogWaiting.petition_id == petition_id)
    waiting, leaves = [], bytearray()
    for row in db.session.execute(found.order_by(LogWaiting.id), execution_options={"yield_per": AT_ONCE}):
        waiting.append(row.id)
        leaves += row.leaves
    db.session.rollback()  # nobody waits for us while we shuffle
    if not waiting:
        return True
    shuffle(leaves)
    lock(petition_id)
    mine = delete(LogWaiting).where(LogWaiting.id.in_(waiting)).returning(LogWaiting.id)
    if len(db.session.scalars(mine, execution_options=UNSYNCED).all()) != len(waiting):
        db.session.rollback()
        return False
    add(petition_id, leaves)
    db.session.commit()
    return True


def shuffle(leaves: bytearray) -> None:
    """Brings the leaves into an order that nobody can foretell, so that it says nothing of who signed first."""
    for end in range(len(leaves), LEAF, -LEAF):
        last, other = end - LEAF, secrets.randbelow(end // LEAF) * LEAF
        leaves[last:end], leaves[other : other + LEAF] = leaves[other : other + LEAF], leaves[last:end]


def add(petition_id: int, leaves: bytes | bytearray) -> None:
    """Appends; the caller holds the lock."""
    end = size(petition_id)
    room = -end % CHUNK * LEAF
    if room:
        here = (LogChunk.petition_id == petition_id, LogChunk.first == end - end % CHUNK)
        last = db.session.scalars(select(LogChunk).where(*here).execution_options(populate_existing=True)).one()
        last.leaves += leaves[:room]
        end += len(leaves[:room]) // LEAF
    for start in range(room, len(leaves), CHUNK * LEAF):
        chunk = {"petition_id": petition_id, "first": end + (start - room) // LEAF}
        db.session.execute(insert(LogChunk).values(**chunk, leaves=bytes(leaves[start : start + CHUNK * LEAF])))
