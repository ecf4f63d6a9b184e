"""What the driving page does to the API: slow, down, unwilling, or silent."""

import time

from .. import switches
from ..errors import StripeError, TurnedAway
from ..store import Store

POLL = 0.1  # seconds; how soon a silent API speaks again
PATIENCE = 90  # seconds; longer than any client of ours waits


def suffer(store: Store) -> None:
    """Wait as long as the switches say; raises StripeError while the API is down or turns everybody away.
    Nothing was done then."""
    weather = _look(store)
    time.sleep(weather["slow"])
    if weather["down"]:
        raise StripeError("An unknown error occurred.")
    if weather["turned_away"] in TurnedAway.WORDS:
        raise TurnedAway(weather["turned_away"])
    if weather["silent"]:
        _be_silent(store)


def _be_silent(store: Store) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and _look(store)["silent"]:
        time.sleep(POLL)
    raise StripeError("An unknown error occurred.")  # whoever asked has left


def _look(store: Store) -> dict[str, int]:
    with store.reading() as ledger:
        return switches.state(ledger)
