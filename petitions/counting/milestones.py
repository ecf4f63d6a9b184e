"""Milestones: a rung of the ladder fires once, when the folded total passes it, and is taken back when the total falls below.

Called in the transaction that folds, under its lock: so they follow the number exactly, whoever is killed when."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select, update

from core import clock
from core.db import db, insert
from core.jobs import enqueue
from petitions.counting.models import Milestone, Tally

LADDER = (
    100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000, 100_000_000,
)  # fmt: skip


def of(petition_id: int) -> Sequence[Milestone]:
    """What the petition has ever reached, the highest first; `taken_back_at` where its number fell below again."""
    query = select(Milestone).where(Milestone.petition_id == petition_id)
    return db.session.scalars(query.order_by(Milestone.signatures.desc())).all()


def follow(petition_ids: Iterable[int]) -> None:
    """Brings the milestones of these petitions in line with their folded totals, in the current transaction.

    `reached_at` stays the first time. What is reached again after it was taken back stands again, and is not told twice."""
    moved = sorted(set(petition_ids))
    known: dict[int, dict[int, bool]] = defaultdict(dict)
    for milestone in db.session.scalars(select(Milestone).where(Milestone.petition_id.in_(moved))):
        known[milestone.petition_id][milestone.signatures] = milestone.taken_back_at is None
    totals = select(Tally.petition_id, Tally.signatures).where(Tally.petition_id.in_(moved), Tally.dimension == "total")
    for petition_id, total in db.session.execute(totals).all():
        _follow(petition_id, total, known[petition_id])


def _follow(petition_id: int, total: int, known: dict[int, bool]) -> None:
    """`known`: each rung that was ever reached, and whether it stands."""
    if any(stands != (rung <= total) for rung, stands in known.items()):
        _set(petition_id, total)
    fresh = [rung for rung in LADDER if rung <= total and rung not in known]
    if fresh:
        values = [{"petition_id": petition_id, "signatures": rung, "reached_at": clock.now()} for rung in fresh]
        db.session.execute(insert(Milestone).on_conflict_do_nothing(), values)
        highest = {"petition": petition_id, "signatures": fresh[-1]}  # who jumps several rungs at once is told of one
        enqueue("milestone", highest, key=f"milestone:{petition_id}:{fresh[-1]}")


def _set(petition_id: int, total: int) -> None:
    fallen = (Milestone.petition_id == petition_id, Milestone.signatures > total, Milestone.taken_back_at.is_(None))
    db.session.execute(update(Milestone).where(*fallen).values(taken_back_at=clock.now()))
    risen = (Milestone.petition_id == petition_id, Milestone.signatures <= total)
    db.session.execute(update(Milestone).where(*risen).values(taken_back_at=None))
