"""How objects are put into words on the pages."""

from datetime import UTC, datetime

from ..jsons import Json
from ..money import shown

EVERY = {"day": "every day", "week": "every week", "month": "every month", "year": "every year"}


def money_of(amount: int, currency: str) -> str:
    """`25.00 EUR`."""
    return shown(amount, currency)


def frequency(line: Json) -> str:
    """`once`, `every month` or `every 3 months` for a session's line."""
    recurring = line["price"]["recurring"]
    if recurring is None:
        return "once"
    count, interval = recurring["interval_count"], recurring["interval"]
    return EVERY[interval] if count == 1 else f"every {count} {interval}s"


def moment(timestamp: float) -> str:
    """`2026-11-24 04:20 UTC`."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")
