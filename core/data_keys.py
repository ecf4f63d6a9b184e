"""The data keys that this process seals with: one for each scope, for ten minutes or 2²⁰ uses, then out of memory."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import clock

DATA_KEY_LIFE = timedelta(minutes=10)
DATA_KEY_RENEWAL = timedelta(minutes=1)
DATA_KEY_USES = 2**20


@dataclass
class DataKeyAtHand:
    """A committed data key, from the moment that it was made."""

    key_id: str
    data_key_id: str
    cipher: AESGCM
    expires: datetime = field(default_factory=lambda: clock.now() + DATA_KEY_LIFE)
    dropped: float = field(default_factory=lambda: time.monotonic() + DATA_KEY_LIFE.total_seconds())
    uses: int = 0

    @property
    def seals(self) -> bool:
        return self.expires > clock.now()  # a timer does not run while the machine sleeps

    @property
    def lasts(self) -> bool:
        """Whether it may be promised to a transaction that begins now."""
        return self.expires - clock.now() > DATA_KEY_RENEWAL and self.uses < DATA_KEY_USES


class DataKeysAtHand:
    """`make` commits a data key of a scope. One timer drops those of all: a timer is a thread, and scopes are many."""

    def __init__(self, make: Callable[[str], DataKeyAtHand]) -> None:
        self.make = make
        self.keys: dict[str, DataKeyAtHand] = {}
        self.timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def prepare(self, scope: str) -> None:
        """Sees to it that the scope has one that lasts."""
        with self._lock:
            known = self.keys.get(scope)
            if known is None or not known.lasts:
                self._take(scope)

    def renew(self, scope: str) -> None:
        """The same, however young the one at hand."""
        with self._lock:
            self._take(scope)

    def of(self, scope: str) -> DataKeyAtHand | None:
        """The one to seal with now."""
        known = self.keys.get(scope)
        return known if known is not None and known.seals else None

    def forget(self) -> None:
        """Drops all."""
        with self._lock:
            self.keys.clear()
            if self.timer is not None:
                self.timer.cancel()
            self.timer = None

    def drop(self) -> None:
        """The timer's: drops those whose time is over."""
        with self._lock:
            now = time.monotonic()
            self.keys = {scope: key for scope, key in self.keys.items() if key.dropped > now}
            self.timer = None
            self._wind()

    def _take(self, scope: str) -> None:
        self.keys[scope] = self.make(scope)
        self._wind()

    def _wind(self) -> None:
        if self.timer is None and self.keys:
            first = min(key.dropped for key in self.keys.values())
            self.timer = threading.Timer(max(0.0, first - time.monotonic()), self.drop)
            self.timer.daemon = True
            self.timer.start()
