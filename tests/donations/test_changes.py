"""What a donor changes about a regular gift, carried out by the worker at the sandbox's Stripe."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from core import clock
from core.db import db
from core.jobs import Job
from core.money import Money
from donations.models import Donation
from donations.subscriptions import changes
from donations.subscriptions import services as subscriptions
from tests.donations.conftest import Gift, Stand, World, sibling
from tests.donations.stripe_account import Account

Wish = Callable[[Donation], None]


@pytest.fixture
def account(stand: Stand) -> Account:
    return Account(stand)


def wish(world: World, gift: Gift, *wishes: Wish) -> None:
    """Promises changes, each in a transaction of its own."""
    for one in wishes:
        with world.app.app_context():
            one(db.session.scalars(select(Donation).where(Donation.public_id == gift.public_id)).one())
            db.session.commit()


def standing(world: World, gift: Gift) -> dict[str, Any]:
    with world.app.app_context():
        donation = db.session.scalars(select(Donation).where(Donation.public_id == gift.public_id)).one()
        found = subscriptions.find(donation)
        assert found
        return {
            "status": str(found.status), "amount": found.amount, "resumes_at": found.resumes_at, "id": found.id,
            "under_way": [str(one) for one in changes.under_way(donation)],
        }  # fmt: skip


def subjects(world: World) -> list[str]:
    return [mail["Subject"] for mail in world.mails()]


def test_a_pause_ends_by_itself_and_takes_nothing_until_then(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    until = clock.months_later(clock.now(), 3).replace(microsecond=0)
    wish(world, gift, lambda donation: changes.pause(donation, until))
    assert standing(world, gift)["under_way"] == ["pause"]
    world.work()
    now = standing(world, gift)
    assert (now["status"], now["resumes_at"], now["under_way"]) == ("paused", until, [])
    at_stripe = account.ask(lambda v1: v1.subscriptions.retrieve(now["id"]))
    assert at_stripe["pause_collection"]["behavior"] == "void"
    account.drive("subscriptions", now["id"], "renew")
    account.stand.deliver()
    assert world.raised(gift) == {"EUR": 1000}
    assert "Your regular gift is paused" in subjects(world)
    wish(world, gift, changes.resume)
    world.work()
    assert standing(world, gift)["status"] == "active"
    account.drive("subscriptions", now["id"], "renew")
    account.stand.deliver()
    assert world.raised(gift) == {"EUR": 2000}


def test_a_pause_that_stripe_hears_of_after_its_end_is_none(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, lambda donation: changes.pause(donation, clock.now() + timedelta(hours=1)))
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        world.work()
        now = standing(world, gift)
    assert (now["status"], now["resumes_at"], now["under_way"]) == ("active", None, [])


def test_another_amount_is_taken_from_the_next_payment_on(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, lambda donation: changes.set_amount(donation, Money(1500, "EUR")))
    world.work()
    assert standing(world, gift)["amount"] == 1500
    account.drive("subscriptions", standing(world, gift)["id"], "renew")
    account.stand.deliver()
    assert world.raised(gift) == {"EUR": 2500} and world.alarms() == []


def test_a_stop_ends_the_gift_once_and_its_donor_is_told_once(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, changes.stop, changes.stop)
    world.work()
    account.stand.deliver()
    assert standing(world, gift)["status"] == "canceled"
    assert subjects(world).count("Your regular gift has ended") == 1
    wish(world, gift, changes.resume)  # what has ended cannot be called back
    world.work()
    assert standing(world, gift)["status"] == "canceled"


def test_of_two_wishes_the_later_decides_whichever_is_carried_out_first(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    for minor in (1500, 2000):
        wish(world, gift, lambda donation, minor=minor: changes.set_amount(donation, Money(minor, "EUR")))  # type: ignore[misc]
    with world.app.app_context():
        first, second = db.session.scalars(select(Job).where(Job.kind == changes.KIND).order_by(Job.id))
        first.run_at = second.run_at + timedelta(seconds=1)
        db.session.commit()
    world.work()
    assert standing(world, gift)["amount"] == 2000


def test_a_wish_outlives_a_stripe_that_is_away(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, changes.stop)
    away = World(sibling(world.app, STRIPE_API_BASE="http://127.0.0.1:9"))
    away.work()
    assert standing(world, gift)["status"] == "active" and standing(world, gift)["under_way"] == ["stop"]
    with world.app.app_context():
        job = db.session.scalars(select(Job).where(Job.kind == changes.KIND)).one()
        assert job.state == "queued" and job.attempts == 1
        job.run_at = clock.now()
        db.session.commit()
    world.work()
    assert standing(world, gift)["status"] == "canceled"


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [("2027-01-31", 1, "2027-02-28"), ("2028-01-31", 1, "2028-02-29"),
     ("2026-11-30", 12, "2027-11-30"), ("2026-12-31", 2, "2027-02-28")],
)  # fmt: skip
def test_months_later_is_the_same_day_or_the_months_last(day: str, months: int, later: str) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert clock.months_later(moment, months).date().isoformat() == later
