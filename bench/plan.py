"""How much a run measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`seconds` of each load in each round; `signatures` in the list that is exported;
    `million` on the one large petition; `webhooks` while the server is killed;
    `updates` mailed on each database while the worker is."""

    rounds: int
    seconds: float
    signatures: int
    million: int
    webhooks: int
    updates: tuple[tuple[str, int], ...]


FULL = Plan(
    rounds=5,
    seconds=6.0,
    signatures=100_000,
    million=1_000_000,
    webhooks=20_000,
    updates=(("SQLite", 100_000), ("PostgreSQL", 10_000)),
)
QUICK = Plan(
    rounds=1,
    seconds=2.0,
    signatures=10_000,
    million=20_000,
    webhooks=2_000,
    updates=(("SQLite", 1_000), ("PostgreSQL", 1_000)),
)
