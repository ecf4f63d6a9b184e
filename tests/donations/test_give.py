"""The form: what it offers, what it refuses, and what it keeps."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cases.models import Case, CaseStatus
from core.db import db
from core.tokens import seal_query
from tests.donations.conftest import World
from tests.donations.events import completed, send
from tests.donations.pages import chosen, fields, give, value_of
from tests.factories import make_case


def case_slug(app: Flask, **values: Any) -> str:
    with app.app_context():
        return make_case(**values).slug


def test_the_page_is_the_same_for_everybody_and_needs_no_cookie(app: Flask) -> None:
    address = f"/donate/{case_slug(app)}"
    one, other = app.test_client().get(address), app.test_client().get(address)
    assert one.status_code == 200
    assert "s-maxage" in one.headers["Cache-Control"]
    assert "Set-Cookie" not in one.headers
    assert one.data == other.data
    assert app.test_client().get(address, headers={"If-None-Match": one.headers["ETag"]}).status_code == 304


def test_the_page_may_lead_to_checkout_and_nowhere_else(client: FlaskClient) -> None:
    assert "form-action 'self' http://127.0.0.1:9" in client.get("/donate").headers["Content-Security-Policy"]
    assert (
        "form-action 'self' http://127.0.0.1:9" in client.get("/donations/cancelled").headers["Content-Security-Policy"]
    )
    assert "127.0.0.1:9" not in client.get("/donations/thanks").headers["Content-Security-Policy"]


def test_the_page_of_a_case_names_its_fund_its_goal_and_other_currencies(app: Flask, client: FlaskClient) -> None:
    world = World(app)
    slug = case_slug(app, fund_title="Legal fund", fund_text="It pays **lawyers**.", fund_goal=500_000)
    page = client.get(f"/donate/{slug}").text
    assert "<h1>Legal fund</h1>" in page
    assert "<strong>lawyers</strong>" in page
    assert "Goal €5,000" in page
    gift = world.gift(1500, "JPY")
    send(client, completed(gift))
    page = client.get(f"/donate/{gift.slug}").text
    assert "¥1,500" in page
    assert '<strong class="big">€0</strong>' in page


def test_a_goal_that_is_passed_stays_full(app: Flask, client: FlaskClient) -> None:
    world = World(app)
    gift = world.gift(2500)
    send(client, completed(gift))
    with app.app_context():
        db.session.get_one(Case, gift.case_id).fund_goal = 1000
        db.session.commit()
    assert 'max="1000" value="1000"' in client.get(f"/donate/{gift.slug}").text


def test_another_currency_brings_its_own_amounts(client: FlaskClient) -> None:
    page = client.get("/donate?currency=jpy").text
    assert value_of(page, "currency") == "JPY"
    assert "¥4,000" in page
    assert chosen(page, "preset") == ["4000"]
    assert value_of(client.get("/donate?currency=XTS").text, "currency") == "EUR"


def test_an_amount_in_the_address_is_filled_in(client: FlaskClient) -> None:
    assert chosen(client.get("/donate?amount=50&frequency=monthly").text, "preset") == ["50"]
    page = client.get("/donate?amount=33.30&frequency=monthly").text
    assert value_of(page, "amount") == "33.30"
    assert chosen(page, "preset") == []
    assert chosen(page, "frequency") == ["monthly"]
    assert value_of(client.get("/donate?amount=%3Cb%3E&frequency=hourly").text, "amount") in (None, "")


@pytest.mark.parametrize(("amount", "taken"), [("", 2500), ("  ", 2500), ("30", 3000), (" 30 ", 3000), (None, 2500)])
def test_a_written_amount_beats_the_chosen_one_unless_it_is_blank(
    client: FlaskClient, world: World, amount: str | None, taken: int
) -> None:
    assert give(client, amount=amount, preset="25").status_code == 503, "no Stripe answers here: the gift is kept"
    assert [donation.amount for donation in world.donations()] == [taken]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"amount": "-5"}, "plain digits"),
        ({"amount": "1e9"}, "plain digits"),
        ({"amount": "NaN"}, "plain digits"),
        ({"amount": "٥"}, "plain digits"),
        ({"amount": "0.1+0.2"}, "plain digits"),
        ({"amount": "1,000"}, "“1,000” can be read in two ways. Write the amount in plain digits, like 25.00."),
        ({"amount": "25.555"}, "plain digits"),
        ({"amount": "9" * 40}, "plain digits"),
        ({"amount": "0"}, "The smallest gift"),
        ({"amount": "0.50"}, "The smallest gift"),
        ({"amount": "100001"}, "more than the form takes"),
        ({"amount": "40000000", "currency": "KZT"}, "more than the form takes"),
        ({"preset": None}, "Choose one of the amounts"),
        ({"preset": "26"}, "Choose one of the amounts"),
        ({"preset": "4000"}, "Choose one of the amounts"),
        ({"amount": "5,124", "currency": "KWD"}, "read in two ways"),
        ({"amount": "5.124", "currency": "KWD"}, "no coins that small"),
        ({"amount": "4000.50", "currency": "HUF"}, "no coins that small"),
        ({"amount": "500.5", "currency": "JPY"}, "no coins that small"),
        ({"currency": "XBT"}, "Choose one of the currencies"),
        ({"currency": None}, "Choose one of the currencies"),
        ({"frequency": "hourly"}, "how often"),
        ({"name": ""}, "Write your name"),
        ({"name": "n" * 121}, "Shorten it to 120"),
        ({"name": "a\u202eb"}, "hidden characters"),
        ({"name": "see www.example.com"}, "Remove the web address"),
        ({"email": ""}, "Write your email address"),
        ({"email": "donor"}, "Enter an email address like"),
        ({"email": "donor@example.org\nBcc: x@example.org"}, "Enter an email address like"),
        ({"message": "m" * 501}, "Shorten it to 500"),
        ({"amount": "4", "frequency": "yearly"}, "The smallest gift is €5"),
        ({"designation": "no-such-case"}, "This fund takes no gifts at the moment"),
        ({"tribute": "birthday"}, "Choose one of these"),
        ({"tribute": "memory"}, "Write the name of the person"),
        ({"tribute": "behalf", "tribute_name": " "}, "Write the name of the person"),
        ({"tribute_name": "Ada Example"}, "Choose above whether"),
        ({"tribute": "memory", "tribute_name": "www.example.com"}, "Remove the web address"),
        ({"token": "1-x"}, "Press the button once more"),
        ({"token": None}, "Press the button once more"),
    ],
)
def test_33_what_is_wrong_is_said_and_what_was_typed_is_kept(
    client: FlaskClient, world: World, changes: dict[str, Any], sentence: str
) -> None:
    answer = give(client, **changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'id="errors"' in answer.text
    if "name" not in changes:
        assert value_of(answer.text, "name") == "Dana Donor"
    if changes.get("amount"):
        assert value_of(answer.text, "amount") == changes["amount"]
    assert world.donations() == []


def test_every_error_is_told_at_once(client: FlaskClient) -> None:
    page = give(client, amount="x", name="", email="x", frequency="monthly", cover_fee="y").text
    for sentence in ("plain digits", "Write your name", "Enter an email address like"):
        assert sentence in page
    assert chosen(page, "frequency") == ["monthly"]
    assert chosen(page, "cover_fee") != []


def test_the_form_of_another_site_is_refused(client: FlaskClient, world: World) -> None:
    filled = fields(client)
    assert client.post("/donate", data=filled, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/donate", data=filled, headers={"Origin": "https://evil.example"}).status_code == 403
    assert world.donations() == []


@pytest.mark.parametrize("slug", ["nobody", "%00", "a" * 300, "UPPER"])
def test_an_unknown_case_is_404(client: FlaskClient, slug: str) -> None:
    assert client.get(f"/donate/{slug}").status_code == 404
    assert client.post(f"/donate/{slug}", data=fields(client)).status_code == 404


def test_a_draft_is_404(app: Flask, client: FlaskClient) -> None:
    address = f"/donate/{case_slug(app, status=CaseStatus.DRAFT)}"
    assert client.get(address).status_code == 404
    assert client.post(address, data=fields(client)).status_code == 404


@pytest.mark.parametrize("values", [{"status": CaseStatus.CLOSED}, {"status": CaseStatus.WON}, {"fund_title": ""}])
def test_a_case_without_an_open_fund_says_so(
    app: Flask, client: FlaskClient, world: World, values: dict[str, Any]
) -> None:
    address = f"/donate/{case_slug(app, **values)}"
    assert client.get(address).status_code == 200
    assert "takes no gifts at the moment" in client.get(address).text
    refused = client.post(address, data=fields(client))
    assert refused.status_code == 409
    assert "takes no gifts at the moment" in refused.text
    assert world.donations() == []


def test_back_from_a_cancelled_checkout_the_form_is_filled_in(app: Flask, client: FlaskClient) -> None:
    slug = case_slug(app, fund_title="Legal fund")
    choice = {"case": slug, "amount": "4100", "currency": "JPY", "frequency": "monthly", "cover_fee": True}
    with app.app_context():
        sealed = seal_query("donation-cancelled", choice)
    assert slug not in sealed
    page = client.get(f"/donations/cancelled?d={sealed}")
    assert page.status_code == 200
    assert "No money was taken" in page.text
    assert "<h1>Legal fund</h1>" in page.text
    assert f'action="/donate/{slug}" method="post"' in page.text
    assert value_of(page.text, "amount") == "4100"
    assert value_of(page.text, "currency") == "JPY"
    assert chosen(page.text, "frequency") == ["monthly"]
    assert chosen(page.text, "cover_fee") != []


@pytest.mark.parametrize("sealed", ["", "x", "%00", "é", "A" * 400])
def test_a_damaged_cancelled_address_still_shows_the_form(client: FlaskClient, sealed: str) -> None:
    page = client.get("/donations/cancelled", query_string={"d": sealed})
    assert page.status_code == 200
    assert chosen(page.text, "preset") == ["25"]


def test_49_no_public_page_names_a_donor(app: Flask, client: FlaskClient, world: World) -> None:
    gift = world.gift()
    send(client, completed(gift))
    world.work()
    addresses = (f"/donate/{gift.slug}", "/donate", f"/cases/{gift.slug}", f"/cases/{gift.slug}.json", "/")
    for address in addresses:
        page = client.get(address).text
        assert "Dana" not in page
        assert "donor@example.org" not in page
