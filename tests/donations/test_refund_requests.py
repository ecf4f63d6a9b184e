"""Refunds that organisers ask for: one of two at once, and what Stripe's silence or refusal leaves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import requests as http
import time_machine
from flask import Flask

from core import clock
from core.db import db
from core.money import Money
from donations import services
from donations.reversals import requests
from donations.reversals.models import RequestState
from donations.stripe_gateway import StripeAway
from tests.conftest import BASE
from tests.donations.conftest import Gift, Stand, World, sibling
from tests.donations.events import completed, dispute, refund, send
from tests.donations.pages import give
from tests.donations.stripe_account import Account
from tests.donations.test_checkout import press, stripe


def ask(app: Flask, gift: Gift, minor: int, currency: str = "EUR") -> str:
    """An organiser's wish, committed; its public id."""
    with app.app_context():
        payment = services.get_payment(f"pi_{gift.public_id}")
        request = requests.request_refund(payment, money=Money(minor, currency), reason="Wish", actor="ana@example.org")
        db.session.commit()
        return request.public_id


def paid(world: World) -> Gift:
    gift = world.gift()
    assert send(world.app.test_client(), completed(gift)).status_code == 200
    return gift


def test_38_of_two_refunds_at_once_that_do_not_fit_together_one_succeeds(app: Flask, world: World) -> None:
    gift, start = paid(world), Barrier(4)

    def press(_: int) -> str:
        start.wait()
        try:
            return ask(app, gift, 1500) and "asked"
        except requests.NotThatMuch as error:
            return f"left {error.left.minor}"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(press, range(4))) == ["asked", "left 1000", "left 1000", "left 1000"]


@pytest.mark.parametrize(("minor", "currency"), [(2501, "EUR"), (0, "EUR"), (-5, "EUR"), (2500, "USD")])
def test_38_a_refund_over_the_remainder_or_in_other_money_is_refused(
    app: Flask, world: World, minor: int, currency: str
) -> None:
    gift = paid(world)
    with pytest.raises(requests.NotThatMuch):
        ask(app, gift, minor, currency)


def test_what_went_back_or_is_contested_cannot_be_refunded_again(app: Flask, world: World) -> None:
    gift, client = paid(world), app.test_client()
    send(client, refund(gift, 1000))
    send(client, dispute(gift, "created", "needs_response", amount=1000))
    with pytest.raises(requests.NotThatMuch) as refused:
        ask(app, gift, 501)
    assert refused.value.left == Money(500, "EUR")
    assert ask(app, gift, 500)


def test_a_payment_that_was_never_made_cannot_be_refunded(app: Flask, world: World) -> None:
    gift = world.gift()
    send(app.test_client(), completed(gift, payment_status="unpaid"))
    with pytest.raises(requests.NothingToRefund):
        ask(app, gift, 100)


def test_stripes_own_news_ends_a_request_whose_answer_was_lost(app: Flask, world: World) -> None:
    gift = paid(world)
    public_id = ask(app, gift, 1000)
    send(app.test_client(), refund(gift, 1000, metadata={"request": public_id}))
    with app.app_context():
        assert requests.send(public_id) == RequestState.SENT  # and nobody is asked: there is no Stripe here
    assert world.raised(gift) == {"EUR": 1500}


def test_a_silent_stripe_leaves_the_request_to_the_worker(app: Flask, world: World) -> None:
    gift = paid(world)
    public_id = ask(app, gift, 1000)
    with sibling(app, STRIPE_API_BASE="http://127.0.0.1:9").app_context(), pytest.raises(StripeAway):
        requests.send(public_id)
    with app.app_context():
        assert requests.refundable(services.get_payment(f"pi_{gift.public_id}")) == Money(1500, "EUR")


@pytest.mark.parametrize(
    ("reason", "told"), [("Wish", "requested_by_customer"), (requests.FRAUD, "fraudulent")], ids=["wish", "fraud"]
)
def test_stripe_is_told_of_fraud_and_learns_to_know_the_card(stand: Stand, reason: str, told: str) -> None:
    press(give(stand.app.test_client(), amount="25").headers["Location"], "pay")
    stand.deliver()
    ((payment_intent, _, _),) = stand.world.payments()
    with stand.app.app_context():
        payment = services.get_payment(payment_intent)
        public_id = requests.request_refund(payment, money=Money(1000, "EUR"), reason=reason, actor="worker").public_id
        db.session.commit()
        assert requests.send(public_id) == RequestState.SENT
    assert [one["reason"] for one in stripe(stand, "refunds")["data"]] == [told]


def test_a_refund_reaches_stripe_once_however_often_it_is_sent(stand: Stand) -> None:
    press(give(stand.app.test_client(), amount="25").headers["Location"], "pay")
    stand.deliver()
    ((payment_intent, _, _),) = stand.world.payments()
    with stand.app.app_context():
        payment = services.get_payment(payment_intent)
        request = requests.request_refund(payment, money=Money(1000, "EUR"), reason="Wish", actor="ana@example.org")
        public_id = request.public_id
        db.session.commit()
        assert requests.send(public_id) == RequestState.SENT
        db.session.commit()
        assert requests.send(public_id) == RequestState.SENT
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        stand.world.work()
    stand.deliver()
    assert [one["amount"] for one in stripe(stand, "refunds")["data"]] == [1000]
    with stand.app.app_context():
        assert services.totals() == {"EUR": 1500}


@pytest.mark.parametrize("later", [timedelta(minutes=2), timedelta(days=2)], ids=["by the job", "by the books"])
def test_a_refund_whose_answer_and_news_were_lost_is_found_at_stripe_and_not_made_again(
    stand: Stand, later: timedelta
) -> None:
    account = Account(stand)
    account.given(2500)
    ((payment_intent, _, _),) = stand.world.payments()
    with stand.app.app_context():
        payment = services.get_payment(payment_intent)
        wish = requests.request_refund(payment, money=Money(1000, "EUR"), reason="Wish", actor="ana@example.org")
        public_id = wish.public_id
        db.session.commit()
        assert requests.send(public_id) == RequestState.SENT
        db.session.rollback()  # the process ends before it has kept the answer
    account.drive("switches", "drop", "5")
    stand.deliver()
    account.drive("switches", "drop", "0")
    with stand.store.writing() as ledger:  # Stripe forgets the key
        ledger.connection.execute("DELETE FROM idempotency_keys")
    with time_machine.travel(clock.now() + later):
        if later > timedelta(days=1):
            account.run("reconcile", "--json")
        else:
            stand.world.work()
    assert [one["metadata"] for one in stripe(stand, "refunds")["data"]] == [{"request": public_id}]
    with stand.app.app_context():
        (request,) = requests.requests_of(services.get_payment(payment_intent))
        assert request.state == RequestState.SENT and services.totals() == {"EUR": 1500}


def test_stripes_news_that_a_refund_was_made_counts_more_than_a_refusal(app: Flask, world: World) -> None:
    gift = paid(world)
    public_id = ask(app, gift, 1000)
    with app.app_context():
        requests.end(public_id, RequestState.REFUSED, "an answer about another try")
        db.session.commit()
    send(app.test_client(), refund(gift, 1000, metadata={"request": public_id}))
    with app.app_context():
        (request,) = requests.requests_of(services.get_payment(f"pi_{gift.public_id}"))
        assert (request.state, request.answer) == (RequestState.SENT, f"re_{gift.public_id}_1")


def test_what_stripe_refuses_is_free_again(stand: Stand) -> None:
    press(give(stand.app.test_client(), amount="25").headers["Location"], "pay")
    stand.deliver()
    ((payment_intent, _, _),) = stand.world.payments()
    elsewhere = {"payment_intent": payment_intent, "amount": "2000"}  # in Stripe's dashboard, its news still on the way
    http.post(f"{stand.url}/v1/refunds", elsewhere, auth=(BASE["STRIPE_SECRET_KEY"], ""), timeout=5).raise_for_status()
    with stand.app.app_context():
        payment = services.get_payment(payment_intent)
        request = requests.request_refund(payment, money=Money(1000, "EUR"), reason="Wish", actor="ana@example.org")
        public_id = request.public_id
        db.session.commit()
        assert requests.send(public_id) == RequestState.REFUSED
        db.session.commit()
        (request,) = requests.requests_of(services.get_payment(payment_intent))
        assert "greater than" in request.answer
    stand.deliver()
    with stand.app.app_context():
        assert requests.refundable(services.get_payment(payment_intent)) == Money(500, "EUR")
