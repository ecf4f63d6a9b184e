"""Alarms: what an organiser must hear of. One mail to each organiser for each key, by the worker."""

import logging
from typing import Any

from core.jobs import URGENT, enqueue

log = logging.getLogger(__name__)


def sound(kind: str, key: str, **detail: Any) -> None:
    """Promises an alarm in the current transaction; the same kind and key sounds once. No personal data in `detail`."""
    log.error("alarm %s: %s", kind, detail)
    enqueue("alarm", {"kind": kind, "detail": detail}, key=f"alarm:{kind}:{key}", priority=URGENT)
