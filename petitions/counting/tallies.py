"""Counting: each move in or out of `valid` leaves a ±1 row; folding sums and deletes these, about every second (ADR 0003)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, literal, select, text, union_all, update
from sqlalchemy import insert as insert_into

from core import clock
from core.alarms import sound
from core.db import db, insert
from petitions.counting import milestones
from petitions.counting.models import Tally, TallyChange
from petitions.models import Signature, Submission
from petitions.states import Method, SignatureState, SubmissionState

FOLDED_AT_ONCE = 5000
FOLD_LOCK = 7_310_001  # PostgreSQL advisory lock: a recount must not meet a fold

IMPORTED = "imported"  # the dimension of what was taken over and is not confirmed
COLUMNS = ("petition_id", "country", "source", "hour", "method", "change")
NOTE = insert_into(TallyChange.__table__)  # type: ignore[arg-type]  # once, and past the ORM: each confirmation runs it
KEYS = (TallyChange.petition_id, TallyChange.country, TallyChange.source, TallyChange.hour, TallyChange.method)

Counts = Counter[tuple[int, str, str]]


@dataclass
class Numbers:
    """A petition's folded numbers; hours as '2026-11-24T04' in UTC. `by_imported`, by system, is in none of the others."""

    total: int = 0
    by_country: dict[str, int] = field(default_factory=dict)
    by_source: dict[str, int] = field(default_factory=dict)
    by_hour: dict[str, int] = field(default_factory=dict)
    by_method: dict[str, int] = field(default_factory=dict)
    by_imported: dict[str, int] = field(default_factory=dict)


class Repaired(NamedTuple):
    """Petition id → how far its total was off, and how many of the smaller numbers were wrong too."""

    drifts: dict[int, int]
    cells: int


def change(
    petition_id: int, step: int, *, country: str, source: str, hour: datetime, method: Method = Method.WEB
) -> None:
    """Notes one move in (+1) or out (-1) of `valid` in the current transaction."""
    db.session.execute(NOTE, dict(zip(COLUMNS, (petition_id, country, source, hour, method, step), strict=True)))


def change_many(petition_id: int, step: int, moved: Iterable[Any]) -> None:
    """Notes the same move of many signatures at once, summed: rows with `country source confirmed_at method`."""
    sums = Counter((row.country, row.source, row.confirmed_at, row.method) for row in moved)
    values = [dict(zip(COLUMNS, (petition_id, *key, step * count), strict=True)) for key, count in sums.items()]
    if values:
        db.session.execute(NOTE, values)


def total(petition_id: int) -> int:
    return totals([petition_id]).get(petition_id, 0)


def totals(petition_ids: Sequence[int]) -> dict[int, int]:
    """Folded totals; a petition without signatures is absent."""
    rows = select(Tally.petition_id, Tally.signatures).where(
        Tally.petition_id.in_(petition_ids), Tally.dimension == "total"
    )
    return {petition_id: signatures for petition_id, signatures in db.session.execute(rows)}


def on_paper(petition_id: int) -> int:
    """How many of the total signed a printed sheet."""
    paper = (Tally.petition_id == petition_id, Tally.dimension == "method", Tally.value == Method.PAPER)
    return db.session.scalar(select(Tally.signatures).where(*paper)) or 0


def imported(petition_id: int) -> dict[str, int]:
    """How many were taken over and have not confirmed, by the system that they came from; they are in no total."""
    rows = select(Tally.value, Tally.signatures).where(Tally.petition_id == petition_id, Tally.dimension == IMPORTED)
    return {value: count for value, count in db.session.execute(rows.order_by(Tally.value)) if count}


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
    lock()
    oldest = select(TallyChange.id).order_by(TallyChange.id).limit(FOLDED_AT_ONCE)
    taken = db.session.execute(
        delete(TallyChange).where(TallyChange.id.in_(oldest.scalar_subquery())).returning(*KEYS, TallyChange.change)
    )
    _add(_by_dimension(taken))
    db.session.commit()
    return True


def repair() -> Repaired:
    """Sets every tally right from the signatures themselves, in the current transaction, and tells what was wrong."""
    lock()
    wrong = _difference()
    _add(wrong)
    drifts = _totals_of(wrong)
    for petition_id, amount in drifts.items():
        sound("tally-drift", f"{petition_id}:{clock.now():%Y%m%d}", petition=petition_id, drift=amount)
    return Repaired(drifts, len(wrong) - len(drifts))


def recount() -> dict[int, int]:
    """`repair` as a transaction of its own; the drift in each petition's total that it found. Commits."""
    drifts = repair().drifts
    db.session.commit()
    return drifts


def drift() -> dict[int, int]:
    """Petition id → how far its total is from COUNT(valid); empty when all is well. Changes nothing."""
    lock()
    found = _totals_of(_difference())
    db.session.rollback()
    return found


def lock() -> None:
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
        Signature.method,
        literal(1).label("n"),
    ).where(Signature.state == SignatureState.VALID)
    both = union_all(valid, _taken_over(), select(*KEYS, -TallyChange.change)).subquery()  # one statement: one snapshot
    keys = (both.c.petition_id, both.c.country, both.c.source, both.c.hour, both.c.method)
    wanted = _by_dimension(db.session.execute(select(*keys, func.sum(both.c.n)).group_by(*keys)))
    for tally in db.session.scalars(select(Tally)):
        wanted[tally.petition_id, tally.dimension, tally.value] -= tally.signatures
    return Counter({key: amount for key, amount in wanted.items() if amount})


def _taken_over() -> Any:
    """What was imported and not confirmed, in the columns of a signature; only its system is counted."""
    moment = literal(clock.now(), Signature.confirmed_at.type).label("hour")
    method = literal(Method.IMPORTED, Signature.method.type).label("method")
    columns = (Submission.petition_id, literal("").label("country"), Submission.source, moment, method, literal(1))
    return select(*columns).where(Submission.state == SubmissionState.IMPORTED)


def _by_dimension(rows: Iterable[Any]) -> Counts:
    counts: Counts = Counter()
    for petition_id, country, source, hour, method, step in rows:
        if method == Method.IMPORTED:
            counts[petition_id, IMPORTED, source] += step
            continue
        for dimension, value in (
            ("total", ""),
            ("country", country),
            ("source", source),
            ("hour", f"{hour:%Y-%m-%dT%H}"),
            ("method", method),
        ):
            counts[petition_id, dimension, value] += step
    return counts


def _add(counts: Counts) -> None:
    """Adds to the tallies, and lets the milestones follow."""
    for (petition_id, dimension, value), step in sorted(counts.items()):
        row = insert(Tally).values(petition_id=petition_id, dimension=dimension, value=value, signatures=step)
        folded = {"signatures": Tally.signatures + step}
        key = ["petition_id", "dimension", "value"]
        db.session.execute(row.on_conflict_do_update(index_elements=key, set_=folded))
    milestones.follow(petition_id for petition_id, dimension, _ in counts if dimension == "total")


def _totals_of(counts: Counts) -> dict[int, int]:
    return {petition_id: amount for (petition_id, dimension, _), amount in counts.items() if dimension == "total"}
