"""From the form to Stripe's page and back, with a Stripe on loopback that behaves as the real one does."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import text, update

from core import clock
from core.db import db
from donations.models import Donation
from tests.conftest import BASE
from tests.donations.conftest import Stand, World, served, sibling, text_of
from tests.donations.pages import chosen, fields, give, value_of
from tests.factories import make_case


def stripe(stand: Stand, path: str) -> dict[str, Any]:
    """An object as Stripe's API shows it."""
    answer = requests.get(f"{stand.url}/v1/{path}", auth=(BASE["STRIPE_SECRET_KEY"], ""), timeout=5)
    answer.raise_for_status()
    return dict(answer.json())


def press(address: str, button: str) -> str:
    """Presses a button of Stripe's page; where it leads."""
    answer = requests.post(f"{address}/{button}", allow_redirects=False, timeout=5)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def make_fund(stand: Stand, **values: Any) -> str:
    with stand.app.app_context():
        return make_case(title="Free Xavier", fund_title="Legal fund", **values).slug


def test_giving_once_from_the_form_to_the_receipt(stand: Stand) -> None:
    slug = make_fund(stand)
    client = stand.app.test_client()
    answer = give(client, f"/donate/{slug}", amount="12,50")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{stand.url}/c/pay/cs_test_")
    (donation,) = stand.world.donations()
    assert (donation.amount, donation.currency, donation.session_state) == (1250, "EUR", "open")
    back = press(answer.headers["Location"], "pay")
    assert back == f"http://localhost/donations/thanks?session_id={donation.session_id}"
    assert "confirming" in client.get(back).text
    assert stand.world.payments() == []
    assert stand.deliver() > 0
    assert "your gift has arrived" in client.get(back).text
    assert '<strong class="big">€12.50</strong>' in client.get(f"/donate/{slug}?currency=EUR").text
    (mail,) = stand.world.mails()
    assert "Legal fund" in text_of(mail)
    assert stand.deliver() == 0, "every webhook was answered 200"


def test_giving_monthly_through_a_renewal(stand: Stand) -> None:
    client = stand.app.test_client()
    answer = give(client, preset="10", frequency="monthly")
    press(answer.headers["Location"], "pay")
    stand.deliver()
    (donation,) = stand.world.donations()
    assert donation.subscription_id
    assert len(stand.world.payments()) == 1
    requests.post(f"{stand.url}/drive/subscriptions/{donation.subscription_id}/renew", timeout=5).raise_for_status()
    stand.deliver()
    assert [(status, amount) for _, status, amount in stand.world.payments()] == [("paid", 1000), ("paid", 1000)]
    assert len(stand.world.mails()) == 2
    assert "quarantined" not in stand.world.outcomes()
    assert "unmatched" not in stand.world.outcomes()


def test_a_bank_debit_is_confirmed_days_later(stand: Stand) -> None:
    client = stand.app.test_client()
    back = press(give(client).headers["Location"], "debit")
    stand.deliver()
    assert "confirming" in client.get(back).text
    assert stand.world.mails() == []
    (donation,) = stand.world.donations()
    requests.post(f"{stand.url}/drive/sessions/{donation.session_id}/settle", timeout=5).raise_for_status()
    stand.deliver()
    assert "your gift has arrived" in client.get(back).text
    assert len(stand.world.mails()) == 1


def test_a_donor_who_turns_back_finds_the_form_as_it_was(stand: Stand) -> None:
    slug = make_fund(stand)
    client = stand.app.test_client()
    answer = give(client, f"/donate/{slug}", amount="41", currency="CHF", frequency="monthly", cover_fee="y")
    back = press(answer.headers["Location"], "cancel")
    assert slug not in back
    page = client.get(back).text
    assert "No money was taken" in page
    assert value_of(page, "amount") == "41"
    assert value_of(page, "currency") == "CHF"
    assert chosen(page, "frequency") == ["monthly"]
    assert chosen(page, "cover_fee") != []
    assert value_of(page, "name") in (None, "")


@pytest.mark.parametrize("frequency", ["once", "monthly"])
def test_stripe_is_told_nothing_of_the_case_or_the_donor(stand: Stand, frequency: str) -> None:
    slug = make_fund(stand)
    client = stand.app.test_client()
    give(client, f"/donate/{slug}", frequency=frequency, message="For Xavier", cover_fee="y")
    (donation,) = stand.world.donations()
    session = stripe(stand, f"checkout/sessions/{donation.session_id}?expand[]=line_items")
    said = str(session)
    for private in ("Xavier", "Legal", slug, "Dana", "donor@example.org"):
        assert private not in said
    assert session["client_reference_id"] == donation.public_id
    assert session["amount_total"] == donation.amount == 2600  # 25 and the fee of 2.9 % + 0.25
    assert session["line_items"]["data"][0]["description"] == "Donation"
    assert session["mode"] == ("payment" if frequency == "once" else "subscription")
    assert not session["adaptive_pricing"]["enabled"]
    assert 30 * 60 < session["expires_at"] - time.time() <= 3600


def test_44_a_double_click_leads_to_one_session(stand: Stand) -> None:
    filled = fields(stand.app.test_client())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: stand.app.test_client().post("/donate", data=filled), range(8)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(stand.world.donations()) == 1
    assert len(stripe(stand, "checkout/sessions")["data"]) == 1
    again = stand.app.test_client().post("/donate", data=filled)
    assert again.headers["Location"] == answers[0].headers["Location"]


def test_44_after_paying_the_same_form_opens_a_new_session(stand: Stand) -> None:
    client = stand.app.test_client()
    filled = fields(client)
    first = client.post("/donate", data=filled).headers["Location"]
    press(first, "pay")
    stand.deliver()
    second = client.post("/donate", data=filled).headers["Location"]
    assert second != first
    press(second, "pay")
    stand.deliver()
    assert len(stand.world.payments()) == 2
    assert len(stand.world.donations()) == 2


@pytest.mark.parametrize("by_event", [True, False])
def test_44_an_expired_session_is_not_offered_again(stand: Stand, by_event: bool) -> None:
    client = stand.app.test_client()
    filled = fields(client)
    first = client.post("/donate", data=filled).headers["Location"]
    if by_event:
        requests.post(f"{first}/expire", allow_redirects=False, timeout=5)
        stand.deliver()
    else:
        with stand.app.app_context():
            db.session.execute(update(Donation).values(session_expires_at=clock.now() - timedelta(seconds=1)))
            db.session.commit()
    second = client.post("/donate", data=filled).headers["Location"]
    assert second != first


def test_45_another_amount_is_another_donation(stand: Stand) -> None:
    client = stand.app.test_client()
    filled = fields(client)
    first = client.post("/donate", data=filled)
    second = client.post("/donate", data={**filled, "preset": "50"})
    assert [first.status_code, second.status_code] == [303, 303]
    assert first.headers["Location"] != second.headers["Location"]
    assert [donation.amount for donation in stand.world.donations()] == [2500, 5000]


def test_46_from_the_31st_in_an_hour_on_it_is_429_before_any_call_to_stripe(stand: Stand) -> None:
    site = sibling(stand.app, STRIPE_API_BASE=stand.url, LIMITS="on")
    client = site.test_client()
    answers = [give(client, amount=str(10 + number)).status_code for number in range(32)]
    assert answers == [303] * 30 + [429] * 2
    assert len(stand.world.donations()) == len(stripe(stand, "checkout/sessions?limit=100")["data"]) == 30
    elsewhere = client.post("/donate", data=fields(client), environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert elsewhere.status_code == 303
    assert client.get("/donate").status_code == 200


def test_a_crash_between_stripe_and_our_commit_leads_to_the_same_session(stand: Stand) -> None:
    client = stand.app.test_client()
    filled = fields(client)
    first = client.post("/donate", data=filled).headers["Location"]
    with stand.app.app_context():  # as if the process had died before it stored what Stripe answered
        db.session.execute(text("UPDATE donations SET session_state = 'new', session_id = NULL, session_url = NULL"))
        db.session.commit()
    assert client.post("/donate", data=filled).headers["Location"] == first
    assert len(stripe(stand, "checkout/sessions")["data"]) == 1


@contextmanager
def silent_server() -> Iterator[str]:
    """Accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_47_a_silent_stripe_is_a_friendly_503_within_five_seconds(app: Flask, world: World) -> None:
    with silent_server() as url:
        client = sibling(app, STRIPE_API_BASE=url).test_client()
        filled = fields(client, amount="31", frequency="monthly", cover_fee="y")
        for last in (False, True):  # a busy machine may be slow once
            began = time.monotonic()
            answer = client.post("/donate", data=filled)
            if (waited := time.monotonic() - began) < 5 or last:
                break
    assert waited < 5 and answer.status_code == 503
    assert "No money was taken" in answer.text
    assert value_of(answer.text, "amount") == "31"
    assert value_of(answer.text, "name") == "Dana Donor"
    assert value_of(answer.text, "email") == "donor@example.org"
    assert value_of(answer.text, "frequency") == "monthly" and value_of(answer.text, "cover_fee") == "y"
    assert [donation.session_state for donation in world.donations()] == ["new"]


@pytest.mark.parametrize("status", [500, 401, 400, 429])
def test_47_a_stripe_that_fails_is_a_friendly_503_and_the_next_try_begins_anew(
    app: Flask, stand: Stand, status: int
) -> None:
    failing = Flask("failing")
    failing.add_url_rule(
        "/v1/checkout/sessions", "fail", lambda: ({"error": {"message": "x"}}, status), methods=["POST"]
    )
    with served(failing) as url:
        client = sibling(app, STRIPE_API_BASE=url).test_client()
        filled = fields(client)
        answer = client.post("/donate", data=filled)
    assert answer.status_code == 503
    assert value_of(answer.text, "name") == "Dana Donor"
    assert [donation.session_state for donation in stand.world.donations()] == ["new"]
    assert stand.app.test_client().post("/donate", data=filled).status_code == 303


def test_47_an_order_too_old_to_be_repeated_begins_anew(app: Flask, stand: Stand) -> None:
    refused = sibling(app, STRIPE_API_BASE="http://127.0.0.1:9").test_client()
    filled = fields(refused)
    assert refused.post("/donate", data=filled).status_code == 503
    with app.app_context():
        db.session.execute(update(Donation).values(created_at=clock.now() - timedelta(minutes=40)))
        db.session.commit()
    assert stand.app.test_client().post("/donate", data=filled).status_code == 303
    assert [donation.session_state for donation in stand.world.donations()] == ["new", "open"]


def test_the_twin_of_a_slow_request_waits_for_its_session(stand: Stand) -> None:
    """Stripe answers 409 while another request with the same key is on its way."""
    busy = Flask("busy")
    busy.add_url_rule("/v1/checkout/sessions", "busy", lambda: ({"error": {"message": "x"}}, 409), methods=["POST"])
    with served(busy) as url:
        twin = sibling(stand.app, STRIPE_API_BASE=url)
        filled = fields(twin.test_client())
        found: list[Any] = []
        waiting = threading.Thread(target=lambda: found.append(twin.test_client().post("/donate", data=filled)))
        waiting.start()
        first = stand.app.test_client().post("/donate", data=filled)
        waiting.join()
    assert first.status_code == 303
    assert found[0].status_code == 303
    assert found[0].headers["Location"] == first.headers["Location"]
    assert len(stand.world.donations()) == 1
