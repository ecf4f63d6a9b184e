"""Counting: each move in or out of `valid` leaves a ±1 row; folding sums and deletes these, about every second (ADR 0003)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, literal, select, text, union_all, update

from core import clock
from core.alarms import sound
from core.db import db, insert
from petitions.models import Signature
from petitions.states import SignatureState
from petitions.tally_models import Tally, TallyChange

FOLDED_AT_ONCE = 5000
FOLD_LOCK = 7_310_001  # PostgreSQL advisory lock: a recount must not meet a fold

Counts = Counter[tuple[int, str, str]]


@dataclass
class Numbers:
    """A petition's folded numbers; hours as '2026-11-24T04' in UTC."""

    total: int = 0
    by_country: dict[str, int] = field(default_factory=dict)
    by_source: dict[str, int] = field(default_factory=dict)
    by_hour: dict[str, int] = field(default_factory=dict)


def change(petition_id: int, step: int, *, country: str, source: str, hour: datetime) -> None:
    """Notes one move in (+1) or out (-1) of `valid` in the current transaction."""
    values = {"petition_id": petition_id, "change": step, "country": country, "source": source, "hour": hour}
    db.session.execute(insert(TallyChange).values(values))


def total(petition_id: int) -> int:
    return totals([petition_id]).get(petition_id, 0)


def totals(petition_ids: Sequence[int]) -> dict[int, int]:
    """Folded totals; a petition without signatures is absent."""
    rows = select(Tally.petition_id, Tally.signatures).where(
        Tally.petition_id.in_(petition_ids), Tally.dimension == "total"
    )
    return {petition_id: signatures for petition_id, signatures in db.session.execute(rows)}


def numbers(petition_id: int) -> Numbers:
    found = Numbers()
    rows = select(Tally.dimension, Tally.value, Tally.signatures).where(Tally.petition_id == petition_id)
    for dimension, value, signatures in db.session.execute(rows.order_by(Tally.value)):
        if dimension == "total":
            found.total = signatures
        elif signatures:
            getattr(found, f"by_{dimension}")[value] = signatures
    return found


def fold() -> bool:
    """Sums and deletes waiting changes in one transaction; whether there were any. Commits."""
    if db.session.scalar(select(TallyChange.id).limit(1)) is None:
        return False
    _lock()
    oldest = select(TallyChange.id).order_by(TallyChange.id).limit(FOLDED_AT_ONCE)
    columns = (TallyChange.petition_id, TallyChange.country, TallyChange.source, TallyChange.hour, TallyChange.change)
    taken = db.session.execute(
        delete(TallyChange).where(TallyChange.id.in_(oldest.scalar_subquery())).returning(*columns)
    )
    _add(_by_dimension(taken))
    db.session.commit()
    return True


def recount() -> dict[int, int]:
    """Repairs every tally from the signatures themselves; the drift in each petition's total that it found. Commits."""
    _lock()
    wrong = _difference()
    _add(wrong)
    drifts = _totals_of(wrong)
    for petition_id, amount in drifts.items():
        sound("tally-drift", f"{petition_id}:{clock.now():%Y%m%d}", petition=petition_id, drift=amount)
    db.session.commit()
    return drifts


def drift() -> dict[int, int]:
    """Petition id → how far its total is from COUNT(valid); empty when all is well. Changes nothing."""
    _lock()
    found = _totals_of(_difference())
    db.session.rollback()
    return found


def _lock() -> None:
    """One folder or recounter at a time, so that what a recount reads cannot move under it."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": FOLD_LOCK})
    else:
        db.session.execute(update(Tally).where(literal(False)).values(signatures=0))  # takes SQLite's write lock


def _difference() -> Counts:
    """What is missing from the tallies: valid signatures, less what waits to be folded, less what is folded."""
    valid = select(
        Signature.petition_id,
        Signature.country,
        Signature.source,
        Signature.confirmed_at.label("hour"),
        literal(1).label("n"),
    ).where(Signature.state == SignatureState.VALID)
    waiting = select(
        TallyChange.petition_id, TallyChange.country, TallyChange.source, TallyChange.hour, -TallyChange.change
    )
    both = union_all(valid, waiting).subquery()  # one statement, so one snapshot
    keys = (both.c.petition_id, both.c.country, both.c.source, both.c.hour)
    wanted = _by_dimension(db.session.execute(select(*keys, func.sum(both.c.n)).group_by(*keys)))
    for tally in db.session.scalars(select(Tally)):
        wanted[tally.petition_id, tally.dimension, tally.value] -= tally.signatures
    return Counter({key: amount for key, amount in wanted.items() if amount})


def _by_dimension(rows: Iterable[Any]) -> Counts:
    counts: Counts = Counter()
    for petition_id, country, source, hour, step in rows:
        for dimension, value in (
            ("total", ""),
            ("country", country),
            ("source", source),
            ("hour", f"{hour:%Y-%m-%dT%H}"),
        ):
            counts[petition_id, dimension, value] += step
    return counts


def _add(counts: Counts) -> None:
    for (petition_id, dimension, value), step in sorted(counts.items()):
        row = insert(Tally).values(petition_id=petition_id, dimension=dimension, value=value, signatures=step)
        folded = {"signatures": Tally.signatures + step}
        key = ["petition_id", "dimension", "value"]
        db.session.execute(row.on_conflict_do_update(index_elements=key, set_=folded))


def _totals_of(counts: Counts) -> dict[int, int]:
    return {petition_id: amount for (petition_id, dimension, _), amount in counts.items() if dimension == "total"}
