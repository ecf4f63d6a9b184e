"""Time: aware UTC inside, the reader's own zone and words outside."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core import clock

MOMENT = datetime(2010, 5, 6, 12, 34, 56, 789, tzinfo=UTC)


def test_now_is_aware_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_a_signature_keeps_its_hour_only() -> None:
    assert clock.to_hour(MOMENT) == datetime(2010, 5, 6, 12, tzinfo=UTC)
    assert clock.to_hour(clock.to_hour(MOMENT)) == clock.to_hour(MOMENT)


@pytest.mark.parametrize(("locale", "text"), [("en", "6 May 2010"), ("de", "6 Mai 2010"), ("ru", "6 мая 2010")])
def test_a_day_reads_as_its_reader_says_it(locale: str, text: str) -> None:
    assert clock.day(date(2010, 5, 6), locale) == text


@pytest.mark.parametrize(
    ("moment", "zone", "begins"),
    [
        (MOMENT, "Asia/Almaty", "6 May 2010, 18:34 ("), (MOMENT, "UTC", "6 May 2010, 12:34 ("),
        (MOMENT.astimezone(timezone(timedelta(hours=9))), "Europe/Vienna", "6 May 2010, 14:34 ("),
        (datetime(2010, 3, 28, 0, 59, tzinfo=UTC), "Europe/Vienna", "28 March 2010, 01:59 ("),
        (datetime(2010, 3, 28, 1, 0, tzinfo=UTC), "Europe/Vienna", "28 March 2010, 03:00 ("),
        (datetime(2010, 10, 31, 1, 30, tzinfo=UTC), "Europe/Vienna",
        "31 October 2010, 02:30 (Central European Standard"),
        (datetime(2010, 10, 31, 0, 30, tzinfo=UTC), "Europe/Vienna", "31 October 2010, 02:30 (Central European Summer"),
        (datetime(2012, 2, 29, 23, 0, tzinfo=UTC), "Europe/Vienna", "1 March 2012, 00:00 ("),
    ],
)  # fmt: skip
def test_a_moment_reads_in_its_zone_and_names_it(moment: datetime, zone: str, begins: str) -> None:
    assert clock.in_zone(moment, zone).startswith(begins)
