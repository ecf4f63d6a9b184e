"""How often a petition's page was handed out and its form sent, by day and source code: sums, about right, nobody tracked."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select

from core import clock
from core.db import db, insert
from petitions.counting.models import PageCount

SEEN, SIGNED = "seen", "signed"
KEYS = ("petition_id", "what", "source")


@dataclass
class Counted:
    """Since when a petition is counted, and by source code how often its page was seen and its form sent."""

    since: date | None = None
    seen: Mapping[str, int] = field(default_factory=dict)
    signed: Mapping[str, int] = field(default_factory=dict)


def write(sums: Mapping[Any, int]) -> None:
    """Adds sums by (petition id, what, source) to the day's numbers, in a transaction of its own on a connection of its own."""
    day = clock.now().date()
    with db.engine.begin() as connection:
        for key, number in sorted(sums.items()):  # in one order, so that two processes never wait for each other
            row = insert(PageCount).values(**dict(zip(KEYS, key, strict=True)), day=day, number=number)
            added = {"number": PageCount.number + number}
            connection.execute(row.on_conflict_do_update(index_elements=[*KEYS, "day"], set_=added))


def of(petition_id: int) -> Counted:
    """Every day's numbers together."""
    sums = select(PageCount.what, PageCount.source, func.sum(PageCount.number), func.min(PageCount.day))
    rows = db.session.execute(
        sums.where(PageCount.petition_id == petition_id).group_by(PageCount.what, PageCount.source)
    )
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    first: list[date] = []
    for what, source, number, day in rows:
        parts[what][source] += int(number)
        first.append(day)
    return Counted(min(first, default=None), parts[SEEN], parts[SIGNED])
