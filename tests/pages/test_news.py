"""The news of all cases: pages that never skip nor repeat, and an archive by month."""

import re
from datetime import date

import pytest
from flask import Flask

from cases.models import Case, Event, EventKind
from core.db import db
from tests.factories import make_case
from tests.pages.conftest import Get

TITLE = re.compile(r"<h2>(Event \d+)</h2>")
OLDER = re.compile(r'href="(/news/\?before=[^"]+)"')


def make_news(case: Case, days: list[date]) -> None:
    case.events.clear()
    case.events.extend(Event(kind=EventKind.OTHER, happened_on=day, title=f"Event {n}") for n, day in enumerate(days))
    db.session.commit()


def test_the_pages_of_news_hold_every_event_once_newest_first(app: Flask, get: Get) -> None:
    with app.app_context():
        make_news(make_case(), [date(2010, 5, 1 + n // 4) for n in range(45)])
    seen, sizes, path = [], [], "/news/"
    while path:
        page = get(path).text
        titles = TITLE.findall(page)
        seen, sizes = seen + titles, [*sizes, len(titles)]
        older = OLDER.search(page)
        path = older[1] if older else ""
    assert seen == [f"Event {n}" for n in reversed(range(45))]
    assert sizes == [20, 20, 5]


def test_news_that_arrives_meanwhile_does_not_shift_the_next_page(app: Flask, get: Get) -> None:
    with app.app_context():
        case = make_case()
        make_news(case, [date(2010, 5, 1 + n) for n in range(22)])
        slug = case.slug
    older = OLDER.search(get("/news/").text)
    with app.app_context():
        found = db.session.query(Case).filter_by(slug=slug).one()
        found.events.append(Event(kind=EventKind.OTHER, happened_on=date(2010, 6, 1), title="Event 99"))
        db.session.commit()
    assert older
    assert TITLE.findall(get(older[1]).text) == ["Event 1", "Event 0"]


def test_a_month_holds_its_own_days_only(app: Flask, get: Get) -> None:
    days = [
        date(2010, 4, 30),
        date(2010, 5, 1),
        date(2010, 5, 31),
        date(2010, 6, 1),
        date(2010, 12, 31),
        date(2011, 1, 1),
    ]
    with app.app_context():
        make_news(make_case(), days)
    assert TITLE.findall(get("/news/2010/05/").text) == ["Event 2", "Event 1"]
    assert TITLE.findall(get("/news/2010/12/").text) == ["Event 4"]


def test_the_archive_links_each_month_with_its_number_of_events(app: Flask, get: Get) -> None:
    with app.app_context():
        make_news(make_case(), [date(2010, 5, 1), date(2010, 5, 2), date(2009, 11, 3)])
    page = get("/news/").text
    listed = re.findall(r'href="(/news/\d+/\d+/)"[^>]*>([^<]+)</a>\s*<span class="meta">([^<]+)<', page)
    assert listed == [("/news/2010/05/", "May 2010", "2 events"), ("/news/2009/11/", "November 2009", "1 event")]


def test_a_month_without_its_zero_leads_to_the_canonical_address(app: Flask, get: Get) -> None:
    answer = get("/news/2010/5/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/news/2010/05/")


def test_a_month_without_news_is_a_page_that_says_so(app: Flask, get: Get) -> None:
    assert "There is no news here" in get("/news/2010/05/").text


@pytest.mark.parametrize(
    "path",
    [
        "/news/2010/13/", "/news/2010/00/", "/news/2010/ab/", "/news/2010/٠٥/", "/news/0000/05/", "/news/9999/12/",
        "/news/20/05/", "/news/?before=x", "/news/?before=2010-02-30.1", "/news/?before=2010-05-06.²",
        "/news/?before=2010-05-06.99999999999999999999",
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_is_not_found(app: Flask, get: Get, path: str) -> None:
    assert get(path).status_code == 404
