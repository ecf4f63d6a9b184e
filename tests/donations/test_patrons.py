"""Patrons: counted while their newest payment is paid, levels that organisers define, a badge by consent only."""

from typing import Any

import pytest
from flask import Flask

from core.db import db
from donations.models import Donation
from donations.wall import patrons
from tests.donations.conftest import World
from tests.donations.events import invoice_failed, invoice_paid, send, subscription
from tests.donations.pages import chosen
from tests.donations.test_wall import NAME, gift_by, pay, wall
from tests.factories import make_case
from tests.organisers.conftest import Office, enter

LEVEL = {"title": "Candle", "thanks": "You keep one light burning.", "position": "1", "minimums": "EUR 10\nusd 12.50"}


@pytest.fixture
def office(app: Flask) -> Office:
    return enter(app)


def define(office: Office, **changes: str) -> None:
    assert office.saved("/office/patrons/new", **{**LEVEL, **changes}) == "/office/patrons"


def monthly(app: Flask, slug: str | None = None, **form: Any) -> Any:
    given = {"frequency": "monthly", "amount": "15", "show_badge": "y", **form}
    gift = gift_by(app, slug, **given)
    pay(app, gift)
    return gift


def count(app: Flask, case_id: int | None = None) -> int:
    with app.app_context():
        return patrons.patrons(case_id).count


def test_a_patron_counts_while_the_newest_payment_is_paid_and_the_gift_goes_on(app: Flask) -> None:
    client = app.test_client()
    gift, other = monthly(app), monthly(app)
    pay(app, gift_by(app, frequency="yearly", amount="60"))
    pay(app, gift_by(app))
    assert count(app) == 2
    send(client, invoice_failed(gift, 2))
    assert count(app) == 1
    send(client, invoice_paid(gift, 2))
    assert count(app) == 2
    send(client, subscription(other, "deleted", "canceled", at=5))
    assert count(app) == 1
    page = client.get("/donate?source=x").text
    assert "person gives every month" in page and 'max="100" value="1"' in page


def test_patrons_are_counted_by_fund(app: Flask) -> None:
    with app.app_context():
        case = make_case(slug="fund")
        case_id, slug = case.id, case.slug
    monthly(app, slug)
    assert (count(app, case_id), count(app)) == (1, 0)


def test_levels_are_offered_as_links_that_fill_in_the_form(app: Flask, office: Office) -> None:
    client = app.test_client()
    assert 'id="show_badge"' not in client.get("/donate?source=x").text
    define(office, title="Torch", minimums="EUR 50", position="2")
    define(office)
    page = client.get("/donate?source=x").text
    assert page.index("Candle") < page.index("Torch") and "from €10 a month" in page and LEVEL["thanks"] in page
    assert 'href="/donate?frequency=monthly&amp;amount=10&amp;currency=EUR"' in page and 'id="show_badge"' in page
    filled = client.get("/donate?frequency=monthly&amount=10&currency=EUR").text
    assert (chosen(filled, "frequency"), chosen(filled, "preset")) == (["monthly"], ["10"])
    dollars = client.get("/donate?currency=USD").text
    assert "from $12.50 a month" in dollars and "Torch" not in dollars
    assert "Candle" not in client.get("/donate?currency=CHF").text


@pytest.mark.parametrize(
    ("form", "badge"),
    [
        ({}, "Candle"), ({"amount": "50"}, "Torch"), ({"amount": "9"}, ""), ({"show_badge": ""}, ""),
        ({"frequency": "yearly", "amount": "60"}, ""), ({"frequency": "once", "amount": "60"}, ""),
        ({"currency": "CHF", "amount": "60"}, ""),
    ],
)  # fmt: skip
def test_a_badge_stands_on_the_wall_by_consent_only(
    app: Flask, office: Office, form: dict[str, str], badge: str
) -> None:
    define(office)
    define(office, title="Torch", minimums="EUR 50")
    monthly(app, **form)
    page = wall(app)
    assert NAME in page
    assert [level for level in ("Candle", "Torch") if level in page] == ([badge] if badge else [])


def test_a_badge_without_a_name_is_not_kept(app: Flask) -> None:
    monthly(app, show_name="")
    with app.app_context():
        assert not db.session.query(Donation).one().show_badge


def test_who_stops_loses_the_badge(app: Flask, office: Office) -> None:
    define(office)
    gift = monthly(app)
    assert "Candle" in wall(app)
    send(app.test_client(), subscription(gift, "deleted", "canceled", at=5))
    assert NAME in wall(app) and "Candle" not in wall(app)


def test_a_level_is_changed_and_retired_never_deleted(app: Flask, office: Office) -> None:
    define(office)
    monthly(app)
    office.saved("/office/patrons/1", **{**LEVEL, "title": "Lamp", "minimums": "EUR 12"})
    assert "Lamp" in wall(app)
    office.saved("/office/patrons/1/retire")
    office.saved("/office/patrons/1/retire")
    assert "Lamp" in wall(app), "who reached it keeps it"
    assert "Lamp" not in app.test_client().get("/donate?source=x").text.partition("wall-title")[0]
    monthly(app, name="Later Donor")
    assert wall(app).count("Lamp") == 1
    assert [act for act, _ in office.acts() if act.startswith("patron")] == [
        "patron_level.defined", "patron_level.defined", "patron_level.retired",
    ]  # fmt: skip
    assert office.client.get("/office/patrons/99").status_code == 404
    World(app).work()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": ""}, "a name"), ({"thanks": ""}, "thanks"), ({"minimums": ""}, "at least one line"),
        ({"minimums": "EUR"}, "“EUR”"), ({"minimums": "XTS 5"}, "currencies in the list"), 
        ({"minimums": "EUR x"}, "plain digits"),
        ({"minimums": "EUR 1"}, "at least €2"), ({"minimums": "EUR 5\nEUR 6"}, "once only"),
        ({"position": "x"}, "whole number"),
        ({"minimums": "5 EUR"}, "currencies in the list"), ({"position": "-1"}, "from 0 to 999"),
    ],
)  # fmt: skip
def test_what_is_no_level_is_refused_in_a_sentence(office: Office, changes: dict[str, str], sentence: str) -> None:
    answer = office.post("/office/patrons/new", **{**LEVEL, **changes})
    assert answer.status_code == 422 and sentence in answer.text
    assert "There is no level yet" in office.get("/office/patrons")
