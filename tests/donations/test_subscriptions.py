"""Recurring gifts as Stripe reports them, in whatever order."""

import itertools
from datetime import timedelta
from typing import Any

import time_machine
from flask.testing import FlaskClient

from core import clock
from core.db import db
from donations.models import Donation
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import Subscription
from tests.donations.conftest import DONOR, Gift, World, text_of
from tests.donations.events import completed, invoice_failed, invoice_paid, send, subscription


def told(client: FlaskClient, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        assert send(client, body).status_code == 200


def standing(world: World, gift: Gift) -> Subscription:
    with world.app.app_context():
        found = db.session.get_one(Subscription, f"sub_{gift.public_id}")
        db.session.expunge(found)
        return found


def test_26_what_was_cancelled_before_it_was_created_stays_cancelled(client: FlaskClient, world: World) -> None:
    makers = (
        lambda gift: subscription(gift, "created"),
        lambda gift: subscription(gift, "updated", at=60),
        lambda gift: subscription(gift, "deleted", "canceled"),
    )
    for order in itertools.permutations(makers):
        gift = world.gift(frequency="monthly")
        told(client, *(make(gift) for make in order))
        assert standing(world, gift).status == "canceled"
    assert [mail["Subject"] for mail in world.mails()] == ["Your regular gift has ended"] * 6


def test_the_newest_news_of_a_subscription_stands(client: FlaskClient, world: World) -> None:
    now = int(clock.now().timestamp())
    pause = {"resumes_at": now + 99, "behavior": "void"}
    makers = (
        lambda gift: subscription(gift, "created", "incomplete", at=-120),
        lambda gift: subscription(gift, "updated", "past_due", at=-90),
        lambda gift: subscription(gift, "updated", pause_collection=pause, at=-60),
        lambda gift: subscription(gift, "updated", "active", at=-30),
    )
    for order in itertools.permutations(makers):
        gift = world.gift(frequency="monthly")
        told(client, *(make(gift) for make in order))
        found = standing(world, gift)
        assert (found.status, found.customer_id, found.resumes_at) == ("active", f"cus_{gift.public_id}", None)


def test_a_pause_is_known_with_its_end(client: FlaskClient, world: World) -> None:
    gift, end = world.gift(frequency="monthly"), int(clock.now().timestamp()) + 99
    told(
        client,
        subscription(gift),
        subscription(gift, "updated", pause_collection={"resumes_at": end, "behavior": "void"}),
    )
    found = standing(world, gift)
    assert found.status == "paused" and found.resumes_at and int(found.resumes_at.timestamp()) == end


def test_a_subscription_is_bound_to_its_donation_by_whatever_comes_first(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="yearly")
    told(client, subscription(gift))
    assert world.donations()[0].subscription_id == f"sub_{gift.public_id}"
    told(client, invoice_paid(gift), completed(gift))
    assert world.raised(gift) == {"EUR": 2500}


def test_a_strangers_subscription_is_unmatched(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    told(client, subscription(gift, metadata={}))
    assert world.outcomes() == ["unmatched"]
    assert world.alarms() == ["payment-unmatched"]


def test_each_failed_try_is_told_once_with_the_way_to_help_and_a_late_payment_counts(
    client: FlaskClient, world: World
) -> None:
    gift = world.gift(frequency="monthly")
    first = invoice_failed(gift)
    told(client, completed(gift), invoice_paid(gift), first, first, invoice_failed(gift, attempt=1))
    letters = world.mails()
    assert [mail["Subject"] for mail in letters if "Receipt" not in mail["Subject"]] == [
        "Your regular gift was not paid"
    ]
    (letter,) = [mail for mail in letters if "not paid" in mail["Subject"]]
    text = text_of(letter)
    assert "https://invoice.stripe.com/i/2" in text and "tried again on" in text and "€25" in text
    assert world.page_owner(letter) == DONOR and "To stop the gift" in text
    told(client, invoice_failed(gift, attempt=2, next_payment_attempt=None))
    assert sum("not paid" in mail["Subject"] for mail in world.mails()) == 2
    told(client, invoice_paid(gift, 2), invoice_failed(gift, attempt=3))
    assert world.raised(gift) == {"EUR": 5000}
    assert sum("not paid" in mail["Subject"] for mail in world.mails()) == 2


def test_a_bank_that_wants_the_donor_to_confirm_is_one_mail_of_its_own(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    told(client, completed(gift), invoice_failed(gift, kind="payment_action_required"), invoice_failed(gift))
    subjects = [mail["Subject"] for mail in world.mails()]
    assert sorted(subjects) == ["Receipt for your gift", "Your bank asks you to confirm a payment"]
    assert (f"in_{gift.public_id}_2", "failed", 2500) in world.payments()


def test_a_first_payment_that_fails_at_checkout_is_no_dunning(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    told(client, invoice_failed(gift, 1, billing_reason="subscription_create"))
    assert [mail["Subject"] for mail in world.mails()] == ["Your payment did not go through"]


def test_a_subscription_that_stripe_gives_up_says_why(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    told(client, subscription(gift, "deleted", "canceled", cancellation_details={"reason": "payment_failed"}))
    (letter,) = world.mails()
    text = text_of(letter)
    assert "did not make the last payments" in text and f"/donate/{gift.slug}" in text
    assert world.page_owner(letter) == DONOR


def test_a_renewal_at_an_amount_that_the_donor_agreed_to_later_is_taken(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    told(client, completed(gift), invoice_paid(gift))
    with world.app.app_context():
        donation = db.session.get_one(Donation, world.donations()[0].id)
        subscriptions.agree(donation, 1000)
        subscriptions.agree(donation, 1000)
        db.session.commit()
    told(
        client, invoice_paid(gift, 2, amount_paid=1000), invoice_paid(gift, 3), invoice_paid(gift, 4, amount_paid=1200)
    )
    assert world.raised(gift) == {"EUR": 6000}
    assert world.outcomes()[-1] == "quarantined"
    assert [text_of(mail).count("€10\n") for mail in world.mails()].count(1) == 1


def test_an_event_of_another_api_version_is_quarantined(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    told(client, {**completed(gift), "api_version": "2024-06-20"})
    assert world.outcomes() == ["quarantined"]
    assert world.alarms() == ["payment-quarantined"]
    assert world.raised(gift) == {}
    with time_machine.travel(clock.now() + timedelta(days=1)):
        assert world.mails() == []
