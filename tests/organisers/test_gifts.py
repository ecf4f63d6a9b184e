"""Gifts in the office: found, looked at, opened, refunded in two steps; disputes and events that wait for somebody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
import requests as http
from flask import Flask
from sqlalchemy import select

from core.db import db
from donations.models import Payment
from donations.papers.numbers import number_of
from donations.reversals.models import RefundRequest
from organisers.gifts import finding
from tests.conftest import BASE
from tests.donations.conftest import Gift, Stand, World, sibling
from tests.donations.conftest import stand as stand
from tests.donations.events import (
    completed,
    dispute,
    invoice_paid,
    invoice_payment_paid,
    refund,
    send,
    subscription,
)
from tests.donations.pages import give
from tests.donations.test_checkout import press, stripe
from tests.organisers.conftest import Office, enter


@pytest.fixture
def world(office: Office) -> World:
    return World(office.app)


def paid(office: Office, **how: Any) -> Gift:
    gift = World(office.app).gift(**how)
    send(office.client, completed(gift))
    return gift


def shown(office: Office, query: str = "") -> list[str]:
    page = office.get(f"/office/gifts{query}")
    return [gift.public_id for gift in World(office.app).donations() if f"/office/gifts/{gift.public_id}" in page]


def refund_path(app: Flask, gift: Gift) -> str:
    with app.app_context():
        payment = db.session.scalars(select(Payment).order_by(Payment.id.desc())).first()
        assert payment is not None
        return f"/office/gifts/{gift.public_id}/payments/{payment.id}/refund"


def requested(app: Flask) -> list[tuple[str, int]]:
    with app.app_context():
        rows = db.session.scalars(select(RefundRequest).order_by(RefundRequest.id))
        return [(str(row.state), row.amount) for row in rows]


def test_a_gift_is_found_by_every_number_that_it_has(office: Office, world: World) -> None:
    gift, other = paid(office, frequency="monthly"), paid(office)
    for body in (invoice_paid(gift), invoice_payment_paid(gift), subscription(gift)):
        send(office.client, body)
    back = refund(gift, 500, payment_intent=f"pi_in_{gift.public_id}_1")
    send(office.client, back)
    contested = dispute(other, "created", "needs_response")
    send(office.client, contested)
    for number in (
        gift.public_id, gift.session_id, f"sub_{gift.public_id}", f"in_{gift.public_id}_1", f"pi_in_{gift.public_id}_1",
        back["data"]["object"]["id"],
    ):  # fmt: skip
        assert shown(office, f"?number={number}") == [gift.public_id], number
    for number in (f"pi_{other.public_id}", contested["data"]["object"]["id"]):
        assert shown(office, f"?number={number}") == [other.public_id], number
    with office.app.app_context():
        receipts = {payment.stripe_id: number_of(payment) for payment in db.session.scalars(select(Payment))}
    assert shown(office, f"?number={receipts[f'in_{gift.public_id}_1']}") == [gift.public_id]
    assert shown(office, f"?number={receipts[f'pi_{other.public_id}']}") == [other.public_id]
    day, _, number = receipts[f"pi_{other.public_id}"].partition("-")
    for nothing in (
        "pi_nobody",
        f"20200101-{number}",
        f"20261399-{number}",
        f"{day}-0",
        f"99991231-{number}",
        f"{day}-{'9' * 30}",
    ):
        assert "No gift matches" in office.get(f"/office/gifts?number={nothing}"), nothing


def test_a_gift_is_in_the_list_of_one_state(office: Office, world: World) -> None:
    gifts = {"unpaid": world.gift(), "paid": paid(office), "refunded": paid(office), "disputed": paid(office)}
    gifts["pending"] = world.gift()
    send(office.client, completed(gifts["pending"], payment_status="unpaid"))
    send(office.client, refund(gifts["refunded"], 500))
    send(office.client, refund(gifts["disputed"], 500))
    send(office.client, dispute(gifts["disputed"], "created", "needs_response", amount=100))
    for state, gift in gifts.items():
        assert shown(office, f"?state={state}") == [gift.public_id], state
    assert len(shown(office, "?state=nonsense")) == len(gifts)


def test_fund_and_currency_narrow_the_list(office: Office, world: World) -> None:
    general, dollars, case = world.gift(general=True), world.gift(currency="USD"), world.gift()
    assert shown(office, "?fund=general") == [general.public_id]
    assert shown(office, "?currency=USD") == [dollars.public_id]
    assert shown(office, f"?fund={case.case_id}") == [case.public_id]


def test_the_list_goes_on_page_by_page(office: Office, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    first, second, third = (world.gift() for _ in range(3))
    assert shown(office) == [second.public_id, third.public_id]
    with office.app.app_context():
        before = finding.gifts().before
    assert shown(office, f"?before={before}") == [first.public_id]
    assert office.client.get("/office/gifts?before=99999999999999999999").status_code == 200


def test_a_name_is_opened_by_a_press_and_the_chain_notes_it(office: Office, world: World) -> None:
    gift = paid(office)
    path = f"/office/gifts/{gift.public_id}"
    assert "Dana Donor" not in office.get(path) + office.get("/office/gifts")
    assert office.acts() == []
    answer = office.post(f"{path}/donor")
    assert answer.status_code == 200 and "Dana Donor" in answer.text and "donor@example.org" in answer.text
    assert office.acts() == [("gift.donor_opened", gift.public_id)]
    with office.app.app_context():
        db.session.merge(world.donations()[0]).blob = None
        db.session.commit()
    assert "were erased" in office.post(f"{path}/donor").text
    assert len(office.acts()) == 1


def test_what_is_nobodys_is_not_found(office: Office, world: World) -> None:
    one, other = paid(office), world.gift()
    path = refund_path(office.app, one)
    for wrong in (path.replace(one.public_id, other.public_id), path.replace(one.public_id, "x"), "/office/gifts/x"):
        assert office.client.get(wrong).status_code == 404


def test_a_refund_asks_twice_and_goes_back_in_part(stand: Stand) -> None:
    office = enter(stand.app)
    press(give(stand.app.test_client(), amount="25").headers["Location"], "pay")
    stand.deliver()
    (donation,) = stand.world.donations()
    path = refund_path(stand.app, donation)  # type: ignore[arg-type]
    assert 'value="25"' in office.get(path)
    fields = {"amount": "0,50", "reason": "Sent by mistake", "left": "2500"}
    asks = office.post(path, **fields)
    assert asks.status_code == 200 and "Is this right?" in asks.text and "€0.50" in asks.text
    assert requested(stand.app) == []
    office.saved(path, **fields, confirmed="yes")
    page = office.get(f"/office/gifts/{donation.public_id}")
    assert "Stripe makes the refund." in page and "Left to refund: €24.50" in page and "Sent by mistake" in page
    assert [one["amount"] for one in stripe(stand, "refunds")["data"]] == [50]
    again = office.post(path, **fields, confirmed="yes")
    assert again.status_code == 422 and "Meanwhile something else was refunded" in again.text
    assert requested(stand.app) == [("sent", 50)]
    assert ("refund.requested") in [act for act, _ in office.acts()]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amount": "25.01"}, "Only €25 of this payment is left"), ({"amount": "0"}, "more than nothing"),
        ({"amount": "-5"}, "plain digits"), ({"amount": ""}, "plain digits"), ({"reason": " "}, "Write why"),
        ({"amount": "1.005"}, "two ways"),
    ],
)  # fmt: skip
def test_what_cannot_go_back_is_said(office: Office, fields: dict[str, str], sentence: str) -> None:
    path = refund_path(office.app, paid(office))
    given = {"amount": "5", "reason": "Wish", "left": "2500", "confirmed": "yes", **fields}
    answer = office.post(path, **given)
    assert answer.status_code == 422 and sentence in answer.text
    assert requested(office.app) == []


def test_38_of_two_organisers_at_once_one_succeeds(office: Office) -> None:
    path, start = refund_path(office.app, paid(office)), Barrier(2)
    two = [enter(office.app, f"{name}@example.org") for name in ("ana", "ben")]
    fields = [
        {"csrf_token": each.token(), "amount": "5", "reason": "W", "left": "2500", "confirmed": "yes"} for each in two
    ]

    def confirm(number: int) -> int:
        start.wait()
        return two[number].client.post(path, data=fields[number]).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, range(2))) == [303, 422]
    assert requested(office.app) == [("asked", 500)]


def test_a_silent_stripe_leaves_the_refund_to_the_job(stand: Stand) -> None:
    press(give(stand.app.test_client(), amount="25").headers["Location"], "pay")
    stand.deliver()
    (donation,) = stand.world.donations()
    away = enter(sibling(stand.app, STRIPE_API_BASE="http://127.0.0.1:9"))
    path = refund_path(stand.app, donation)  # type: ignore[arg-type]
    away.saved(path, amount="25", reason="Wish", left="2500", confirmed="yes")
    page = away.get(f"/office/gifts/{donation.public_id}")
    assert "it is made as soon as Stripe answers" in page and "Nothing is left to refund" in page
    assert requested(stand.app) == [("asked", 2500)]


@pytest.mark.parametrize("trouble", ["down", "resting"])
def test_a_refund_is_left_to_the_job_while_stripe_fails_or_rests(stand: Stand, trouble: str) -> None:
    press(give(stand.app.test_client(), amount="25").headers["Location"], "pay")
    stand.deliver()
    (donation,) = stand.world.donations()
    office = enter(stand.app if trouble == "down" else sibling(stand.app, STRIPE_API_BASE="http://127.0.0.1:9"))
    if trouble == "down":
        http.post(f"{stand.url}/drive/switches/down/1", timeout=5).raise_for_status()
    path, left = refund_path(stand.app, donation), 2500  # type: ignore[arg-type]
    for _ in range(7):  # the circuit opens after five
        office.saved(path, amount="1", reason="Wish", left=str(left), confirmed="yes")
        assert "it is made as soon as Stripe answers" in office.get(f"/office/gifts/{donation.public_id}")
        left -= 100
    assert requested(stand.app) == [("asked", 100)] * 7


def test_what_stripe_refuses_is_said_in_its_words(stand: Stand) -> None:
    office = enter(stand.app)
    press(give(stand.app.test_client(), amount="25").headers["Location"], "pay")
    stand.deliver()
    ((intent, _, _),) = stand.world.payments()
    (donation,) = stand.world.donations()
    elsewhere = {"payment_intent": intent, "amount": "2000"}  # in Stripe's dashboard, its news still on the way
    http.post(f"{stand.url}/v1/refunds", elsewhere, auth=(BASE["STRIPE_SECRET_KEY"], ""), timeout=5).raise_for_status()
    path = refund_path(stand.app, donation)  # type: ignore[arg-type]
    office.saved(path, amount="10", reason="Wish", left="2500", confirmed="yes")
    page = office.get(f"/office/gifts/{donation.public_id}")
    assert "Stripe refused the refund" in page and "greater than" in page
    assert requested(stand.app) == [("refused", 1000)]


def test_disputes_stand_by_their_deadline_on_the_dashboard_too(office: Office, world: World) -> None:
    late, soon = paid(office), paid(office)
    for gift, days in ((late, 9), (soon, 2)):
        body = dispute(gift, "created", "needs_response", fee=1500)
        body["data"]["object"]["evidence_details"]["due_by"] += (days - 7) * 86400
        send(office.client, body)
    for path in ("/office/", "/office/disputes"):
        page = office.get(path)
        assert page.index(soon.public_id) < page.index(late.public_id), path
        assert "somebody else used the card" in page and "€15" in page
        assert f"https://dashboard.stripe.com/test/payments/pi_{soon.public_id}" in page
    send(office.client, dispute(soon, "closed", "won", created=0))
    assert soon.public_id not in office.get("/office/")
    assert "Won: the money came back" in office.get("/office/disputes")


def test_an_event_that_was_set_aside_is_settled_once(office: Office, world: World) -> None:
    gift = world.gift()
    body = completed(gift, amount_total=1)
    send(office.client, body)
    assert "agreed 2500 eur, found 1 eur" in office.get("/office/stripe-events")
    path = f"/office/stripe-events/{body['id']}/settle"
    office.saved(path)
    page = office.get("/office/stripe-events")
    assert "No event waits." in page and "olga@example.org" in page
    assert "set aside and not counted" not in office.get("/office/")
    office.saved(path)
    assert "Somebody else has settled" in office.get("/office/stripe-events")
    assert office.acts() == [("stripe_event.settled", body["id"])]
    assert office.post("/office/stripe-events/evt_x/settle").status_code == 404


def test_of_a_dispute_each_organiser_is_mailed_once_with_deadline_amount_and_reason(
    office: Office, world: World
) -> None:
    gift = paid(office)
    due = int(datetime(2026, 12, 24, 23, 59, tzinfo=UTC).timestamp())
    for kind in ("created", "funds_withdrawn"):
        send(office.client, dispute(gift, kind, "needs_response", evidence_details={"due_by": due}))
    (mail,) = [one for one in world.mails_to("olga@example.org") if "office" in one.get_content()]
    text = mail.get_content()
    for words in ("contests a payment", "amount: €25", "answer_until: 24 December 2026, 23:59", "reason: fraudulent"):
        assert words in text, words
    assert "Ask whoever runs the site" not in text
