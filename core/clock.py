"""Time: aware UTC inside, the petition's own zone for people."""

from calendar import monthrange
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def to_hour(moment: datetime) -> datetime:
    """The hour that a moment lies in: signatures keep no finer time."""
    return moment.replace(minute=0, second=0, microsecond=0)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def day(value: date, locale: str = "en") -> str:
    """A date as a person reads it: 6 May 2010."""
    return str(format_date(value, "d MMMM y", locale=locale))


def hour(moment: datetime, zone: str, locale: str = "en") -> str:
    """An hour as a person in that time zone reads it, without the year: 6 May, 14:00."""
    return str(format_datetime(moment, "d MMMM, HH:mm", tzinfo=ZoneInfo(zone), locale=locale))


def in_zone(moment: datetime, zone: str, locale: str = "en") -> str:
    """A moment as a person in that time zone reads it, with the zone's name."""
    return str(format_datetime(moment, "d MMMM y, HH:mm (zzzz)", tzinfo=ZoneInfo(zone), locale=locale))
