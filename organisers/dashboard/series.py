"""Signatures by the hour, the day or the week, in the petition's own time zone, quiet ones included."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core import clock

HOUR = timedelta(hours=1)
HOURS_SHOWN = 48
MOST_DAYS = 120  # bars that can still be told apart; beyond them a bar is a week

Counts = Mapping[datetime, int]


class Point(NamedTuple):
    """When, as a person reads it, and how many signed then."""

    words: str
    signatures: int


@dataclass(frozen=True)
class Span:
    """A choice of the chart: its name, what one bar is, and the points of it up to a moment."""

    title: object
    unit: object
    points: Callable[[Counts, ZoneInfo, datetime], list[Point]]


def _hours(counts: Counts, zone: ZoneInfo, now: datetime) -> list[Point]:
    """The last 48. Where clocks are put back an hour has its name twice, and both are shown."""
    points = []
    for back in reversed(range(HOURS_SHOWN)):
        moment = clock.to_hour(now) - back * HOUR
        words = clock.hour(moment, str(zone))
        if moment.astimezone(zone).fold:
            words = _("%(hour)s, once more", hour=words)
        points.append(Point(words, counts.get(moment, 0)))
    return points


def _last(days: int) -> Callable[[Counts, ZoneInfo, datetime], list[Point]]:
    return lambda counts, zone, now: _days(counts, zone, now, now.astimezone(zone).date() - timedelta(days=days - 1))


def _all(counts: Counts, zone: ZoneInfo, now: datetime) -> list[Point]:
    """Every day since the first signature; every week, begun on Monday, where there are many."""
    today = now.astimezone(zone).date()
    first = min(counts).astimezone(zone).date() if counts else today
    if (today - first).days < MOST_DAYS:
        return _days(counts, zone, now, first)
    weeks: Counter[date] = Counter()
    for day, signatures in _by_day(counts, zone).items():
        weeks[_monday(day)] += signatures
    mondays = [_monday(first) + timedelta(weeks=ahead) for ahead in range((today - _monday(first)).days // 7 + 1)]
    return [Point(_("Week of %(day)s", day=clock.day(monday)), weeks[monday]) for monday in mondays]


SPANS: Mapping[str, Span] = {
    "hour": Span(_l("48 hours"), _l("Signatures an hour"), _hours),
    "day": Span(_l("30 days"), _l("Signatures a day"), _last(30)),
    "quarter": Span(_l("90 days"), _l("Signatures a day"), _last(90)),
    "all": Span(_l("From the first"), _l("Signatures from the first"), _all),
}
USUAL = "day"


def points(span: str, by_hour: Mapping[str, int], time_zone: str, now: datetime) -> Sequence[Point]:
    """The points of one of SPANS; `by_hour` as the tallies have it, hours like '2026-11-24T04' in UTC."""
    counts = {datetime.fromisoformat(hour).replace(tzinfo=UTC): number for hour, number in by_hour.items()}
    return SPANS[span].points(counts, ZoneInfo(time_zone), now)


def _days(counts: Counts, zone: ZoneInfo, now: datetime, first: date) -> list[Point]:
    signed, today = _by_day(counts, zone), now.astimezone(zone).date()
    days = (first + timedelta(days=ahead) for ahead in range((today - first).days + 1))
    return [Point(clock.day(day), signed[day]) for day in days]


def _by_day(counts: Counts, zone: ZoneInfo) -> Counter[date]:
    days: Counter[date] = Counter()
    for moment, signatures in counts.items():
        days[moment.astimezone(zone).date()] += signatures
    return days


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
