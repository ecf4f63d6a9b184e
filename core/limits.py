"""Limits for each network, without keeping an address: the bucket is an HMAC of a /24 or /48 under a key of the day.

The key lives in memory or Redis only. Without Redis each process counts for itself, and there is exactly one; while
Redis is away each counts for itself too: never without a limit, never without an answer. Tor's exits share a bucket."""

import hmac
import ipaddress
import logging
import math
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import current_app, request
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from core import clock
from core.tor_exits import TorExits

log = logging.getLogger(__name__)
REDIS_TIMEOUT = 0.5  # seconds; somebody waits
KEY_LIFE = 25 * 3600
TOR = "tor"  # the bucket of its exits: never refused, never held for their number


@dataclass
class Limiter:
    storage: Any = field(default_factory=MemoryStorage)
    enabled: bool = True
    exits: TorExits = field(default_factory=TorExits)
    _own: MemoryStorage = field(default_factory=MemoryStorage)
    _keys: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def within(self, limit: RateLimitItem, *subject: str) -> bool:
        """Counts one act of the subject (say, a bucket and a route's name) and tells whether it is still allowed."""
        return not self.enabled or bool(self._ask("hit", limit, *subject))

    def wait(self, limit: RateLimitItem, *subject: str) -> int:
        """Seconds until the subject may act once more, 0 where it may now; counts nothing."""
        if not self.enabled:
            return 0
        window = self._ask("get_window_stats", limit, *subject)
        return 0 if window.remaining > 0 else max(1, math.ceil(window.reset_time - time.time()))

    def _ask(self, question: str, limit: RateLimitItem, *subject: str) -> Any:
        try:
            return getattr(MovingWindowRateLimiter(self.storage), question)(limit, *subject)
        except StorageError:
            log.warning("Redis is away: this process counts for itself")
            return getattr(MovingWindowRateLimiter(self._own), question)(limit, *subject)

    def bucket(self, address: str) -> str:
        """The asker's bucket for today, 16 bytes as hex; not to be turned back into an address."""
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return "unknown"
        ip = getattr(ip, "ipv4_mapped", None) or ip  # how a socket for both families shows an IPv4 address
        network = ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False)
        return hmac.digest(self._key_of_the_day(), network.network_address.packed, "sha256")[:16].hex()

    def mark(self, text: str) -> str:
        """What stands for a text, say a mailbox, in today's counts: keyed as buckets are, and kept nowhere else."""
        return hmac.digest(self._key_of_the_day(), b"mark/" + text.encode(errors="replace"), "sha256")[:16].hex()

    def _key_of_the_day(self) -> bytes:
        today = clock.now().date().isoformat()
        with self._lock:
            if today not in self._keys:
                self._keys = {today: secrets.token_bytes(32)}
            own = self._keys[today]
        return self._shared(today, own) if isinstance(self.storage, RedisStorage) else own

    def _shared(self, today: str, own: bytes) -> bytes:
        """The key that all processes at one Redis use: whoever asks first today lays down its own."""
        redis = self.storage.get_connection()
        try:
            redis.set(f"undersigned/bucket-key/{today}", own, nx=True, ex=KEY_LIFE)
            return bytes(redis.get(f"undersigned/bucket-key/{today}") or own)
        except self.storage.base_exceptions:  # redis' own, which is imported only where it is used
            return own


def make_limiter(redis_url: str | None, *, enabled: bool, tor_exits: Path | None = None) -> Limiter:
    """The process's limiter, counting in Redis where there is one; `tor_exits` is a file of addresses, one a line."""
    exits = TorExits(tor_exits)
    if redis_url is None:
        return Limiter(enabled=enabled, exits=exits)
    patience = {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT}
    return Limiter(RedisStorage(redis_url, None, RedisStorage.PREFIX, True, **patience), enabled, exits)


def own_bucket_within(limit: RateLimitItem, act: str, *, alone: str = "") -> bool:
    """Whether the asker's own network is within a limit for an act; only such a limit may be told to the asker.

    `alone`: a name that nobody but the asker can give, as their own row's. Counted through Tor, where a network is a crowd
    of strangers who would refuse each other."""
    limiter: Limiter = current_app.extensions["limiter"]
    bucket = own_bucket()
    if bucket == TOR:
        bucket = f"{TOR}:{alone}" if alone else limiter.bucket(request.remote_addr or "")
    return limiter.within(limit, act, bucket)


def own_bucket() -> str:
    """The bucket that a row of this request carries for a day: `tor`, or the network's."""
    limiter: Limiter = current_app.extensions["limiter"]
    address = request.remote_addr or ""
    return TOR if address in limiter.exits else limiter.bucket(address)
