"""A circuit breaker before Stripe: while it is away donors read so at once, and no thread of the server waits for it.

One process's memory is enough (ADR 0019): each finds out for itself with five failures, of which none holds a thread for
longer than the client's 4 seconds."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import current_app

FAILURES = 5  # in a row
REST = 30.0  # seconds
AT_ONCE = 8
PATIENCE = 5.0  # seconds, where all calls are under way


class CircuitOpen(Exception):
    """Not asked: the other side is away, or too many wait for it; worth another try after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = math.ceil(seconds)


class TwinUnderWay(Exception):
    """Not asked: a call with the same key is under way, and no other fits beside it."""


@dataclass
class Circuit:
    """Closed, it lets calls through; after FAILURES in a row it opens for REST; then one trial decides (half-open)."""

    ticks: Callable[[], float] = time.monotonic
    _failures: int = 0
    _open_until: float = 0.0
    _under_way: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def open(self) -> bool:
        """Whether nobody is let through for the moment."""
        return self._open_until > self.ticks()

    @contextmanager
    def call(self, key: str, *failures: type[Exception], spared: type[Exception] | tuple[()] = ()) -> Iterator[None]:
        """A call is made within the block; these exceptions are the other side's failures, but for the `spared` ones.

        Raises CircuitOpen, TwinUnderWay."""
        self._enter(key)
        failed = False
        try:
            yield
        except failures as error:
            failed = not isinstance(error, spared)
            raise
        finally:
            self._leave(key, failed=failed)

    def _enter(self, key: str) -> None:
        with self._lock:
            left = self._open_until - self.ticks()
            if left > 0:
                raise CircuitOpen(left)
            if len(self._under_way) >= (1 if self._failures >= FAILURES else AT_ONCE):
                raise TwinUnderWay if key in self._under_way else CircuitOpen(PATIENCE)
            self._under_way.append(key)

    def _leave(self, key: str, *, failed: bool) -> None:
        with self._lock:
            self._under_way.remove(key)
            if not failed:
                self._failures, self._open_until = 0, 0.0
                return
            self._failures += 1
            if self._failures >= FAILURES and not self.open:  # one that began before it opened prolongs nothing
                self._open_until = self.ticks() + REST


def stripe_circuit() -> Circuit:
    """The circuit before Stripe of this process."""
    circuit: Circuit = current_app.extensions.setdefault("stripe-circuit", Circuit())
    return circuit
