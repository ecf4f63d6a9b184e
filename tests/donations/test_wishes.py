"""Wishes about one regular gift at the sandbox's Stripe: in turn, waiting where they must, and ended where nobody took them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select, update

from cases.models import CaseStatus
from core import clock
from core.db import db
from core.jobs import Job, claim, most_attempts, run
from core.money import Money
from donations import stripe_gateway
from donations.models import Donation, Payment, PaymentStatus
from donations.subscriptions import changes, lapsing
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import AgreedAmount, Subscription
from tests.donations.between import gate_to
from tests.donations.conftest import Gift, Stand, World, served, sibling, text_of
from tests.donations.endings import Endings
from tests.donations.own_pages import Visitor
from tests.donations.stripe_account import Account
from tests.donations.test_changes import standing, subjects, wish

CHANGED, ENDED, UNCHANGED = (
    "The amount of your regular gift has changed", "Your regular gift has ended",
    "Your wish about your regular gift was not carried out",
)  # fmt: skip


@pytest.fixture
def account(stand: Stand) -> Account:
    return Account(stand)


def to(minor: int) -> Any:
    return lambda donation: changes.set_amount(donation, Money(minor, "EUR"))


def at_stripe(account: Account, gift: Gift) -> dict[str, Any]:
    name = standing(account.stand.world, gift)["id"]
    with account.stand.app.app_context():
        return stripe_gateway.ask(lambda v1: v1.subscriptions.retrieve(name), patiently=True)


def amount_of(subscription: dict[str, Any]) -> int:
    return int(subscription["items"]["data"][0]["price"]["unit_amount"])


def carry_out_one(app: Flask) -> None:
    """What one worker does about the next wish that is due."""
    with app.app_context():
        job = claim(clock.now(), Job.kind == changes.KIND)
        assert job
        run(job, app.extensions["jobs"].handlers)


def work_later(world: World, **later: float) -> None:
    with time_machine.travel(clock.now() + timedelta(**later)):
        world.work()


def test_the_later_of_two_wishes_stands_though_the_earlier_ones_worker_is_at_stripe_still(account: Account) -> None:
    stand, gift = account.stand, account.given(1000, frequency="monthly")
    with gate_to(stand.url) as (gate, url), ThreadPoolExecutor(1) as pool:
        wish(stand.world, gift, to(1500))
        slow = pool.submit(carry_out_one, sibling(stand.app, STRIPE_API_BASE=url))
        assert gate.arrived.wait(30)
        wish(stand.world, gift, to(2000))
        carry_out_one(stand.app)
        assert standing(stand.world, gift)["under_way"] == ["amount", "amount"]
        gate.open.set()
        slow.result()
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        stand.world.work()
        stand.deliver()
    now = standing(stand.world, gift)
    assert (amount_of(at_stripe(account, gift)), now["amount"], now["under_way"]) == (2000, 2000, [])
    account.drive("subscriptions", now["id"], "renew")
    stand.deliver()
    assert stand.world.raised(gift) == {"EUR": 3000} and stand.world.alarms() == []


def test_a_worker_that_died_at_stripe_keeps_others_waiting_for_two_minutes_only(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    with world.app.app_context():
        died = {"turn": "0123456789abcdef", "turn_until": clock.now() + timedelta(minutes=2)}
        db.session.execute(update(Subscription).values(died))
        db.session.commit()
    wish(world, gift, changes.stop)
    world.work()
    work_later(world, seconds=60)
    assert standing(world, gift)["under_way"] == ["stop"]
    work_later(world, minutes=3)
    assert standing(world, gift)["status"] == "canceled"


def test_a_wish_that_stripe_refuses_holds_up_no_other(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, to(10**13), changes.stop)  # more than Stripe takes
    world.work()
    assert standing(world, gift)["status"] == "canceled"


def test_a_wish_about_a_subscription_that_we_have_not_heard_of_waits_for_its_news(account: Account) -> None:
    stand, gift = account.stand, account.given(1000, frequency="monthly")
    with stand.app.app_context():
        was = db.session.scalars(select(Subscription)).one()
        row = {column.name: getattr(was, column.name) for column in Subscription.__table__.columns}
        db.session.execute(delete(Subscription))
        db.session.commit()
    wish(stand.world, gift, changes.stop)
    stand.world.work()
    with stand.app.app_context():
        db.session.add(Subscription(**row))
        db.session.commit()
    assert at_stripe(account, gift)["status"] == "active" and standing(stand.world, gift)["under_way"] == ["stop"]
    work_later(stand.world, minutes=1)
    assert at_stripe(account, gift)["status"] == "canceled" and standing(stand.world, gift)["under_way"] == []


def test_a_gift_that_came_while_its_donor_was_erased_is_stopped_and_its_customer_forgotten(account: Account) -> None:
    stand = account.stand
    account.given(1000, frequency="monthly")
    visitor = Visitor(stand.world)
    own = visitor.own()
    visitor.press(own, "erase", sure="y")
    late = account.given(2000, frequency="monthly")
    with stand.app.app_context():  # its subscription's news are late too
        name = db.session.scalars(select(Donation.subscription_id).where(Donation.public_id == late.public_id)).one()
        was = db.session.get_one(Subscription, name)
        row = {column.name: getattr(was, column.name) for column in Subscription.__table__.columns}
        db.session.execute(delete(Subscription).where(Subscription.id == name))
        db.session.commit()
    stand.world.work()
    with stand.app.app_context():
        db.session.add(Subscription(**row))
        db.session.commit()
    work_later(stand.world, minutes=1)
    assert at_stripe(account, late)["status"] == "canceled"
    assert account.ask(lambda v1: v1.customers.retrieve(row["customer_id"])).get("deleted") is True


@dataclass
class Deaf:
    """A Stripe that takes the order to end a subscription, and says of it whatever it is told to say."""

    status: str = "active"
    code: int = 200

    def answer(self, subscription: str) -> Any:
        if self.code != 200:
            return {"error": {"message": "No such subscription", "type": "invalid_request_error"}}, self.code
        return {"id": subscription, "object": "subscription", "status": self.status}


@contextmanager
def deaf() -> Iterator[tuple[Deaf, str]]:
    stripe, app = Deaf(), Flask("deaf")
    app.add_url_rule("/v1/subscriptions/<subscription>", "answer", stripe.answer, methods=["GET", "POST", "DELETE"])
    with served(app) as url:
        yield stripe, url


@pytest.mark.parametrize(("status", "code"), [("canceled", 200), ("", 404)], ids=["canceled", "gone"])
def test_a_gift_is_stopped_once_stripe_says_that_it_has_ended(account: Account, status: str, code: int) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    with deaf() as (stripe, url):
        other = World(sibling(world.app, STRIPE_API_BASE=url))
        wish(world, gift, changes.stop)
        other.work()
        assert standing(world, gift)["status"] == "active" and standing(world, gift)["under_way"] == ["stop"]
        stripe.code = 400  # and does not even say how it stands
        work_later(other, minutes=1)
        assert standing(world, gift)["under_way"] == ["stop"]
        stripe.status, stripe.code = status, code
        work_later(other, minutes=5)
        assert standing(world, gift)["status"] == "canceled" and standing(world, gift)["under_way"] == []
        assert subjects(world).count(ENDED) == 1 and CHANGED not in subjects(world)


def last_text(world: World, subject: str) -> str:
    return text_of([mail for mail in world.mails() if mail["Subject"] == subject][-1])


def test_the_mail_about_its_end_names_the_amount_that_was_given_last(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, to(1500))
    world.work()
    wish(world, gift, changes.stop)
    said = last_text(world, ENDED)
    assert "€15" in said and "€10" not in said


def agreed(world: World) -> list[int]:
    with world.app.app_context():
        return list(db.session.scalars(select(AgreedAmount.amount).order_by(AgreedAmount.amount)))


def fail_for_a_week(world: World) -> None:
    """Stripe is away, and this was the last try."""
    with world.app.app_context():
        last = most_attempts(changes.KIND) - 1
        db.session.execute(update(Job).where(Job.kind == changes.KIND, Job.state == "queued").values(attempts=last))
        db.session.commit()
    World(sibling(world.app, STRIPE_API_BASE="http://127.0.0.1:9")).work()


@pytest.mark.parametrize(
    ("change", "said"),
    [(to(1500), "stays €10 a month"), (changes.stop, "is not stopped"),
     (lambda donation: changes.pause(donation, None), "is not paused")], ids=["amount", "stop", "pause"],
)  # fmt: skip
def test_of_a_wish_that_stripe_did_not_take_for_a_week_the_donor_is_told(
    account: Account, change: Any, said: str
) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, change)
    fail_for_a_week(world)
    assert said in last_text(world, UNCHANGED)
    assert standing(world, gift)["under_way"] == [] and agreed(world) == []
    assert "job-dead" in world.alarms()


def test_the_page_of_a_question_calls_no_gift_stopped_that_stripe_did_not_stop(account: Account) -> None:
    endings = Endings(account)
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link = endings.link
    assert endings.answer("stop").status_code == 303
    assert "Your gift is stopped" in endings.page(link)
    fail_for_a_week(endings.world)
    assert "Your gift has not ended yet" in endings.page(link) and "Nothing more is taken" not in endings.page(link)


def test_a_payment_of_an_amount_that_lapsed_is_none_that_was_agreed_to(account: Account) -> None:
    stand, gift = account.stand, account.given(1000, frequency="monthly")
    wish(stand.world, gift, to(1500))
    fail_for_a_week(stand.world)
    subscription = at_stripe(account, gift)
    item = subscription["items"]["data"][0]
    price = {
        "currency": "eur",
        "unit_amount": 1500,
        "product": item["price"]["product"],
        "recurring": {"interval": "month"},
    }
    raised = {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "none"}
    account.ask(lambda v1: v1.subscriptions.update(subscription["id"], raised))
    account.drive("subscriptions", subscription["id"], "renew")
    stand.deliver()
    assert "payment-quarantined" in stand.world.alarms() and stand.world.raised(gift) == {"EUR": 1000}


def test_a_wish_whose_answer_alone_was_lost_is_told_as_fulfilled(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, to(1500))
    with world.app.app_context():
        db.session.execute(update(Subscription).values(amount=1500))  # as its event told
        db.session.commit()
    fail_for_a_week(world)
    assert CHANGED in subjects(world) and UNCHANGED not in subjects(world)


def test_a_wish_that_a_later_one_replaced_lapses_in_silence(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    wish(world, gift, to(1500))
    away = sibling(world.app, STRIPE_API_BASE="http://127.0.0.1:9")
    with away.app_context():
        db.session.execute(update(Job).where(Job.kind == changes.KIND).values(attempts=most_attempts(changes.KIND) - 1))
        db.session.commit()
    carry_out_one(away)
    wish(world, gift, to(2000))
    work_later(world, minutes=3)
    assert UNCHANGED not in subjects(world) and standing(world, gift)["amount"] == 2000


def test_an_amount_is_forgotten_two_months_after_another_took_its_place(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    for minor in (1500, 2000, 3000):
        wish(world, gift, to(minor))
        work_later(world, hours=minor / 100)
    with world.app.app_context():
        mine = db.session.scalars(select(Donation)).one()
        values = {"donation_id": mine.id, "amount": 2000, "currency": "EUR", "status": PaymentStatus.FAILED}
        db.session.add(Payment(stripe_id="in_failed", **values))
        db.session.commit()
        assert not lapsing.forget_superseded()
        with time_machine.travel(clock.now() + timedelta(days=62)):
            assert lapsing.forget_superseded() and not lapsing.forget_superseded()
        assert set(subscriptions.agreed_amounts(mine)) == {1000, 2000, 3000}
