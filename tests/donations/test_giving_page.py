"""What a fund's page asks and says: rhythm, amount, purpose, whose name, the sum and its fee; nothing ticked for anybody."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cases.models import Case, CaseStatus
from core.currencies import CURRENCIES
from core.db import db
from core.money import Money, from_major, with_fee
from core.vault import SITE, vault
from donations.checkout_services import SEALED_CONTEXT, open_donor
from donations.models import Donation, Frequency
from tests.donations.conftest import World, text_of
from tests.donations.events import completed, send
from tests.donations.pages import chosen, give, value_of
from tests.factories import make_case

GENERAL = "/donate?currency=EUR"  # a query: this page is not the cache's
HERE = Path(__file__).parent.parent.parent


def fund(app: Flask, **values: Any) -> str:
    with app.app_context():
        return make_case(**values).slug


def only(world: World) -> Donation:
    (donation,) = world.donations()
    return donation


def designations(page: str) -> list[str]:
    """The values of every control that says what the gift is for."""
    radios = re.findall(r'<input[^>]*name="designation"[^>]*value="([^"]*)"', page)
    listed = re.search(r'<select[^>]*name="designation".*?</select>', page, re.DOTALL)
    return radios or (re.findall(r'<option value="([^"]*)"', listed[0]) if listed else [])


def cancelled(client: FlaskClient, donation: Donation) -> str:
    return client.get("/donations/cancelled", query_string={"d": donation.cancel_token}).text


def test_nothing_is_ticked_that_costs_or_publishes(app: Flask, client: FlaskClient, world: World) -> None:
    page = client.get(f"/donate/{fund(app)}").text
    assert chosen(page, "cover_fee") == chosen(page, "show_name") == []
    assert (chosen(page, "frequency"), chosen(page, "preset"), chosen(page, "tribute")) == (["once"], ["25"], ["none"])
    give(client)
    donation = only(world)
    assert (donation.cover_fee, donation.show_name, donation.amount) == (False, False, 2500)
    assert (donation.tribute, donation.source, donation.case_id) == ("none", None, None)


def test_each_rhythm_has_its_own_amounts_and_the_second_is_chosen(client: FlaskClient) -> None:
    for frequency, second in (("once", "25"), ("monthly", "10"), ("yearly", "60")):
        page = client.get(f"/donate?frequency={frequency}").text
        assert (chosen(page, "frequency"), chosen(page, "preset")) == ([frequency], [second])
        offered = re.findall(rf'class="[^"]*\bfor-{frequency}\b[^"]*"><input[^>]*value="(\d+)"', page)
        assert offered == [str(major) for major in CURRENCIES["EUR"].offers[frequency].presets]


def test_a_preset_of_another_rhythm_is_taken_as_it_is_shown(client: FlaskClient, world: World) -> None:
    """Who chose 100 and then monthly still sees 100 chosen; so that is what is taken."""
    give(client, preset="100", frequency="monthly")
    assert (only(world).amount, only(world).frequency) == (10_000, Frequency.MONTHLY)


def test_a_purpose_is_asked_only_where_there_is_a_choice(app: Flask, client: FlaskClient) -> None:
    assert designations(client.get(GENERAL).text) == []
    fund(app, status=CaseStatus.WON)
    fund(app, fund_title="")
    assert "Use my gift for" not in client.get(GENERAL).text
    slug = fund(app, title="Free Xavier", fund_title="Legal fund")
    general, own = client.get(GENERAL).text, client.get(f"/donate/{slug}").text
    assert (designations(general), chosen(general, "designation")) == (["", slug], [""])
    assert (designations(own), chosen(own, "designation")) == ([slug, ""], [slug])
    assert "Legal fund – Free Xavier" in general
    more = [fund(app) for _ in range(4)]
    assert designations(client.get(GENERAL).text) == ["", *reversed(more), slug]


@pytest.mark.parametrize(
    ("at_case", "designation", "is_for_case"),
    [
        (True, None, True),
        (True, "", False),
        (True, "own", True),
        (False, None, False),
        (False, "", False),
        (False, "own", True),
    ],
)
def test_a_gift_is_for_what_the_donor_chose(
    app: Flask, client: FlaskClient, world: World, at_case: bool, designation: str | None, is_for_case: bool
) -> None:
    slug = fund(app)
    wanted = slug if designation == "own" else designation
    assert give(client, f"/donate/{slug}" if at_case else "/donate", designation=wanted).status_code == 503
    with app.app_context():
        found = db.session.query(Donation).one().case
        assert (found.slug if found else None) == (slug if is_for_case else None)


def test_a_gift_for_a_fund_that_is_closed_is_refused_and_another_purpose_offered(
    app: Flask, client: FlaskClient, world: World
) -> None:
    slug, other = fund(app), fund(app)
    with app.app_context():
        db.session.query(Case).filter_by(slug=slug).one().status = CaseStatus.CLOSED
        db.session.commit()
    answer = give(client, designation=slug)
    assert answer.status_code == 422
    assert "This fund takes no gifts at the moment. Choose another one." in answer.text
    assert designations(answer.text) == ["", other]
    assert give(client, f"/donate/{other}", designation=slug).status_code == 422
    assert world.donations() == []


@pytest.mark.parametrize("currency", ["EUR", "JPY", "ISK", "KWD", "HUF", "INR"])
def test_the_fee_is_added_when_it_is_ticked_and_said_before(client: FlaskClient, world: World, currency: str) -> None:
    net = from_major(CURRENCIES[currency].offers["once"].presets[1], currency)
    page = client.get(f"/donate?currency={currency}").text
    assert f"{net.text('en')} becomes {with_fee(net).text('en')}." in page
    assert page.count('class="covered"') == len(CURRENCIES[currency].presets)
    give(client, preset=str(int(net.major)), currency=currency, cover_fee="y")
    assert only(world).money == with_fee(net)
    assert only(world).amount > net.minor


def in_another_currency(client: FlaskClient, page: str, **headers: str) -> str:
    """The page that the form for another currency leads to, sent as it stands."""
    (asked,) = re.findall(r'<form class="inline".*?</form>', page, re.DOTALL)
    hidden = [control for control in re.findall(r"<input[^>]*>", asked) if 'type="hidden"' in control]
    names = [re.search(r'name="([^"]+)"', control)[1] for control in hidden if " disabled" not in control]  # type: ignore[index]
    query = {name: value_of(asked, name) for name in names} | {"currency": "JPY"}
    return client.get("/donate", query_string=query, headers=headers).text


OWN = {"Sec-Fetch-Site": "same-origin"}


def test_another_currency_keeps_the_rhythm_the_fee_cover_and_the_source(client: FlaskClient) -> None:
    page = give(client, frequency="monthly", cover_fee="y", source="qr-poster", name="").text
    again = in_another_currency(client, page, **OWN)
    assert (value_of(again, "source"), chosen(again, "preset")) == ("qr-poster", ["1500"])
    assert (chosen(again, "frequency"), chosen(again, "cover_fee")) == (["monthly"], ["y"])
    again = in_another_currency(client, client.get("/donate?frequency=yearly").text, **OWN)
    assert (chosen(again, "frequency"), chosen(again, "cover_fee")) == (["yearly"], [])


@pytest.mark.parametrize("site", [None, "none", "cross-site", "same-site"])
def test_no_link_ticks_the_payment_fee(client: FlaskClient, site: str | None) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    assert chosen(client.get("/donate?cover_fee=yes", headers=headers).text, "cover_fee") == []


def sum_of(page: str) -> str:
    told = re.search(r'<p id="sum".*?</p>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", told[0]).replace("\xa0", " ").split()) if told else ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount": "33,50"}, "You pay €33.50 (EUR) once. The payment fee is not in it; with the fee it is €34.76. This"),
        ({"amount": "33,50", "cover_fee": "y"},
         "You pay €34.76 (EUR) once. The payment fee is in it; without the fee it is €33.50."),
        ({"amount": "1 234,50", "currency": "CHF", "frequency": "yearly"},
         "You pay CHF 1,234.50 (CHF) now and every year, until you stop it."),
        ({"amount": "1,500", "currency": "JPY", "frequency": "monthly"},
         "You pay ¥1,500 (JPY) now and every month, until you stop it."),
        ({}, "You pay €25 (EUR) once."),
    ],
)  # fmt: skip
def test_the_sum_is_told_before_anything_is_kept_and_what_was_typed_stays(
    client: FlaskClient, world: World, changes: dict[str, str], said: str
) -> None:
    answer = give(client, look="yes", email="", message="Courage", **changes)
    assert answer.status_code == 200
    assert sum_of(answer.text).startswith(said)
    assert 'class="err"' not in answer.text, "what is missing yet is no error"
    assert value_of(answer.text, "name") == "Dana Donor" and "Courage" in answer.text
    assert value_of(answer.text, "amount") == changes.get("amount", "")
    assert chosen(answer.text, "cover_fee") == ([changes["cover_fee"]] if "cover_fee" in changes else [])
    assert chosen(answer.text, "frequency") == [changes.get("frequency", "once")]
    assert world.donations() == []


@pytest.mark.parametrize(
    "wrong", [{"amount": "1,234"}, {"amount": "0"}, {"preset": "7"}, {"frequency": "daily"}, {"currency": "XTS"}]
)
def test_a_sum_that_cannot_be_told_says_why(client: FlaskClient, world: World, wrong: dict[str, str]) -> None:
    answer = give(client, look="yes", **wrong)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text and sum_of(answer.text) == ""
    assert world.donations() == []


def test_the_page_says_the_currency_and_that_any_way_to_pay_will_do(client: FlaskClient) -> None:
    page = client.get("/donate?currency=SEK").text
    assert "You pay in Swedish kronor (SEK)." in page
    assert "card, wallet, bank debit or another way" in page
    assert "your gift counts when the money has come" in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("newsletter-may", "newsletter-may"), ("a" * 20, "a" * 20), ("a" * 21, None), ("Café", None), ("a b", None),
     ("<b>", None), ("", None), ("UP", None), ("a\n", None)],
)  # fmt: skip
def test_a_source_goes_with_the_gift_and_what_is_none_is_dropped(
    client: FlaskClient, world: World, typed: str, kept: str | None
) -> None:
    page = client.get("/donate", query_string={"source": typed, "amount": "50"}).text
    assert value_of(page, "source") == kept
    give(client, source=typed)
    donation = only(world)
    assert donation.source == kept
    assert value_of(cancelled(client, donation), "source") == kept


def test_back_from_a_cancelled_payment_everything_but_the_person_is_kept(
    app: Flask, client: FlaskClient, world: World
) -> None:
    slug = fund(app, title="Free Xavier")
    give(client, designation=slug, amount="1 234,50", currency="CHF", frequency="yearly", cover_fee="y", source="qr-poster",
         message="Courage", show_name="y")  # fmt: skip
    donation = only(world)
    assert donation.money == with_fee(Money(123_450, "CHF"))
    page = cancelled(client, donation)
    assert chosen(page, "designation") == [slug]
    assert (value_of(page, "amount"), value_of(page, "currency")) == ("1 234,50", "CHF")
    assert (chosen(page, "frequency"), chosen(page, "cover_fee") != []) == (["yearly"], True)
    assert value_of(page, "source") == "qr-poster"
    assert "Dana" not in page and "Courage" not in page and chosen(page, "show_name") == []


def test_where_it_is_needed_most_is_kept_too_when_it_was_chosen_at_a_case(
    app: Flask, client: FlaskClient, world: World
) -> None:
    give(client, f"/donate/{fund(app)}", designation="")
    assert chosen(cancelled(client, only(world)), "designation") == [""]


@pytest.mark.parametrize(
    ("tribute", "line"), [("memory", "In memory of: Ada Example"), ("behalf", "On behalf of: Ada Example")]
)
def test_a_tribute_is_sealed_and_printed_on_the_receipt(
    app: Flask, client: FlaskClient, world: World, tribute: str, line: str
) -> None:
    give(client, tribute=tribute, tribute_name=" Ada  Example ", message="Courage")
    donation = only(world)
    assert donation.tribute == tribute
    assert b"Ada" not in (donation.blob or b"") and b"Courage" not in (donation.blob or b"")
    with app.app_context():
        donor = open_donor(donation)
    assert (donor["tribute_name"], donor["message"]) == ("Ada Example", "Courage")
    gift = world.gift()
    with app.app_context():
        stored = db.session.query(Donation).filter_by(public_id=donation.public_id).one()
        stored.session_id = "cs_test_of_the_tribute"
        db.session.commit()
    send(client, completed(gift))
    paid = completed(gift)
    paid["data"]["object"] |= {
        "id": "cs_test_of_the_tribute", "client_reference_id": donation.public_id, "payment_intent": "pi_tribute",
    }  # fmt: skip
    send(client, paid)
    plain, printed = sorted((text_of(mail) for mail in world.mails()), key=lambda text: line in text)
    assert line in printed
    assert "emory of" not in plain and "ehalf of" not in plain


def test_what_was_written_in_the_folded_part_is_open_when_the_form_comes_back(client: FlaskClient) -> None:
    assert "<details>" in client.get("/donate").text
    page = give(client, name="", tribute="memory", tribute_name="Ada Example", message="Courage").text
    assert "<details open>" in page
    assert value_of(page, "tribute_name") == "Ada Example"
    assert chosen(page, "tribute") == ["memory"]


def test_a_gift_sealed_before_tributes_were_asked_gets_its_receipt(
    app: Flask, client: FlaskClient, world: World
) -> None:
    gift = world.gift()
    with app.app_context():
        donation = db.session.query(Donation).one()
        older = {"name": "Dana Donor", "email": "donor@example.org", "message": ""}
        box = vault().seal(SITE, SEALED_CONTEXT, donation.public_id, older)
        donation.key_id, donation.data_key_id, donation.blob = box.key_id, box.data_key_id, box.blob
        db.session.commit()
    send(client, completed(gift))
    assert len(world.mails()) == 1


def test_the_thanks_page_says_what_the_statement_will_show(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    address = f"/donations/thanks?session_id={gift.session_id}"
    assert "followed by the word DONATION" in client.get(address).text
    send(client, completed(gift))
    assert "followed by the word DONATION" in client.get(address).text
    assert "DONATION" not in client.get("/donations/thanks").text


def test_the_page_runs_our_own_script_and_may_still_lead_to_checkout(client: FlaskClient) -> None:
    for answer in (client.get("/donate"), client.get("/donations/cancelled"), give(client, name="")):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "form-action 'self' http://127.0.0.1:9" in policy
        assert "<script>" not in answer.text and " onclick" not in answer.text


def test_nothing_of_ours_names_the_ways_to_pay() -> None:
    """Checkout offers what the account has switched on; a list of ours would hide the rest."""
    code = "".join(path.read_text() for path in (HERE / "donations").rglob("*.py"))
    assert "payment_method_types" not in code
    for path in [*(HERE / "templates" / "donations").glob("*.html"), *(HERE / "templates" / "emails").glob("*.txt")]:
        words = re.sub(r"bank or card|card or bank", "", path.read_text())
        assert not re.search(r"\b(the|your|a) card\b|card (fee|details|statement)", words), path


def test_every_currency_has_a_page_on_which_its_amounts_can_be_given(app: Flask) -> None:
    client = app.test_client()
    for code, row in CURRENCIES.items():
        for frequency in Frequency:
            page = client.get(f"/donate?currency={code}&frequency={frequency}").text
            assert value_of(page, "currency") == code
            assert chosen(page, "preset") == [str(row.offers[frequency].presets[1])]
