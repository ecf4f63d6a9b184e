"""Dates as other systems write them, in the zone that they mean."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ORDERS = {"ymd": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
IN_WORDS = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%B %d %Y")
ENDINGS = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")


class UnknownDate(ValueError):
    """Nobody could say which day is meant."""


def read(text: str, *, zone: str, order: str) -> datetime:
    """The moment, aware. ISO 8601 is taken as it stands; else days and months come in the given order. Raises UnknownDate."""
    written = ENDINGS.sub("", " ".join(text.split()))
    moment = _iso(written) or _by_order(written, order)
    if moment is None:
        raise UnknownDate(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _iso(text: str) -> datetime | None:
    bare = text.removesuffix(" UTC")
    try:
        moment = datetime.fromisoformat(bare.replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    return moment if bare == text or moment.tzinfo else moment.replace(tzinfo=UTC)


def _by_order(text: str, order: str) -> datetime | None:
    day, at, rest = text.partition(" ")
    if day[:1].isdigit() and not rest[:1].isalpha():
        text = day.replace(".", "/").replace("-", "/") + at + rest
        return _first(text, (ORDERS[order].replace("-", "/"),))
    return _first(text, IN_WORDS)


def _first(text: str, days: tuple[str, ...]) -> datetime | None:
    for day in days:
        for time in TIMES:
            try:
                return datetime.strptime(text, day + time)
            except ValueError:
                continue
    return None
