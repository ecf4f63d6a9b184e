"""What the driving page has switched on, in the file, so that it outlives a restart."""

from .store import Ledger

USUAL = {
    "hold": 0,  # webhooks wait
    "drop": 0,  # so many of the next events are never delivered
    "repeat": 1,  # each event is delivered so many times
    "shuffle": 0,  # what waits is delivered in any order
    "slow": 0,  # seconds before the API answers
    "down": 0,  # 1: the API answers 500; 2: it does not answer at all
    "pending_refunds": 0,  # refunds wait for their bank
}


def state(ledger: Ledger) -> dict[str, int]:
    """Every switch as it stands."""
    rows = ledger.connection.execute("SELECT name, value FROM switches").fetchall()
    return USUAL | {row["name"]: row["value"] for row in rows if row["name"] in USUAL}


def turn(ledger: Ledger, name: str, value: int) -> None:
    """Set one switch."""
    ledger.connection.execute("INSERT OR REPLACE INTO switches (name, value) VALUES (?, ?)", (name, value))


def reset(ledger: Ledger) -> None:
    """Everything as usual again."""
    ledger.connection.execute("DELETE FROM switches")
