"""Limits for each network, without keeping an address: the bucket is an HMAC of a /24 or /48 under a key of the day.

The key lives in memory or Redis only. Without Redis each process counts for itself, and there is exactly one."""

import hmac
import ipaddress
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, request
from limits import RateLimitItem
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from core import clock


@dataclass
class Limiter:
    storage: Any = field(default_factory=MemoryStorage)
    enabled: bool = True
    _keys: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def within(self, limit: RateLimitItem, *subject: str) -> bool:
        """Counts one act of the subject (say, a bucket and a route's name) and tells whether it is still allowed."""
        return not self.enabled or MovingWindowRateLimiter(self.storage).hit(limit, *subject)

    def bucket(self, address: str) -> str:
        """The asker's bucket for today, 16 bytes as hex; not to be turned back into an address."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return "unknown"
        network = ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False)
        return hmac.digest(self._key_of_the_day(), network.network_address.packed, "sha256")[:16].hex()

    def _key_of_the_day(self) -> bytes:
        today = clock.now().date().isoformat()
        with self._lock:
            if today not in self._keys:
                self._keys = {today: secrets.token_bytes(32)}
            return self._keys[today]


def make_limiter(redis_url: str | None, *, enabled: bool) -> Limiter:
    return Limiter(storage_from_string(redis_url) if redis_url else MemoryStorage(), enabled)


def own_bucket_within(limit: RateLimitItem, act: str) -> bool:
    """Whether the asker's own network is within a limit for an act; only such a limit may be told to the asker."""
    limiter: Limiter = current_app.extensions["limiter"]
    return limiter.within(limit, act, limiter.bucket(request.remote_addr or ""))
