"""The counter of pages: who names itself a machine is left out, sums are written once, a database that is away loses none."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from core.page_counter import PageCounter

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Book:
    """Where sums are written; `refuses` is raised instead."""

    def __init__(self) -> None:
        self.written: list[dict[Any, int]] = []
        self.refuses: Exception | None = None

    def write(self, sums: Mapping[Any, int]) -> None:
        if self.refuses:
            raise self.refuses
        self.written.append(dict(sums))


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def counter(book: Book):
    counter = PageCounter(book.write, every=3600.0)
    yield counter
    counter.drop()


def asked(agent: str = FIREFOX, **more: str) -> dict[str, str]:
    return {"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": agent, **more}


@pytest.mark.parametrize(
    ("environ", "counts"),
    [
        (asked(), 1),
        (asked("Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36"), 1),
        (asked("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), 0),
        (asked("WhatsApp/2.23.20.0"), 0),
        (asked("facebookexternalhit/1.1"), 0),
        (asked("curl/8.5.0"), 0),
        (asked("python-requests/2.32"), 0),
        (asked(""), 0),
        ({"REQUEST_METHOD": "GET"}, 0),
        (asked(REQUEST_METHOD="HEAD"), 0),
        (asked(HTTP_SEC_PURPOSE="prefetch;prerender"), 0),
    ],
)
def test_only_a_page_that_a_browser_asked_for_counts(
    counter: PageCounter, book: Book, environ: dict[str, str], counts: int
) -> None:
    for _ in range(2):  # the second time its name is known
        counter.delivered(environ, "page")
    counter.flush()
    assert book.written == ([{"page": 2 * counts}] if counts else [])


def test_what_was_written_is_not_written_again(counter: PageCounter, book: Book) -> None:
    for subject in ("a", "b", "a"):
        counter.add(subject)
    counter.flush()
    counter.add("b")
    counter.flush()
    counter.flush()
    assert book.written == [{"a": 2, "b": 1}, {"b": 1}]


def test_while_the_database_is_away_sums_are_kept(counter: PageCounter, book: Book) -> None:
    counter.add("a")
    book.refuses = OperationalError("", None, Exception())
    counter.flush()
    counter.add("a")
    book.refuses = None
    counter.flush()
    assert book.written == [{"a": 2}]


def test_sums_of_what_is_gone_are_dropped(counter: PageCounter, book: Book) -> None:
    counter.add("gone")
    book.refuses = IntegrityError("", None, Exception())
    counter.flush()
    book.refuses = None
    counter.flush()
    assert book.written == []


def test_sums_are_written_by_themselves_after_a_while(book: Book) -> None:
    counter = PageCounter(book.write, every=0.01)
    counter.add("a")
    timer = counter._timer
    assert timer is not None
    timer.join(10)
    assert book.written == [{"a": 1}]
    counter.add("a")  # and once more
    timer = counter._timer
    assert timer is not None
    timer.join(10)
    assert book.written == [{"a": 1}, {"a": 1}]


def test_names_of_machines_do_not_fill_the_memory(counter: PageCounter, book: Book) -> None:
    for number in range(3000):
        counter.delivered(asked(f"Browser {number}"), "page")
    assert len(counter._people) <= 1024
    counter.flush()
    assert book.written == [{"page": 3000}]
