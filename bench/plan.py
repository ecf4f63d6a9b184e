"""How much a run measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`seconds` of each load in each round; `signatures` in a list that is exported, `listed` in the long one;
    `million` on the one large petition; `webhooks` while the server is killed;
    `updates` mailed on each database while the worker is."""

    rounds: int
    seconds: float
    signatures: int
    listed: int
    million: int
    webhooks: int
    updates: tuple[tuple[str, int], ...]


FULL = Plan(
    rounds=5,
    seconds=6.0,
    signatures=100_000,
    listed=1_060_000,  # more than a sheet holds
    million=1_000_000,
    webhooks=20_000,
    updates=(("SQLite", 100_000), ("PostgreSQL", 100_000)),
)
QUICK = Plan(
    rounds=1,
    seconds=2.0,
    signatures=10_000,
    listed=60_000,  # enough for several processes
    million=20_000,
    webhooks=2_000,
    updates=(("SQLite", 1_000), ("PostgreSQL", 1_000)),
)
