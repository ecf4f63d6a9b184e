"""A Stripe that is well and does nothing for us: our key is not taken (401, 403), or so many calls are not (429).

The worker comes back to whatever it was at; nothing of it counts as refused, and nobody is told so."""

import pytest
from sqlalchemy import select

from core.db import db
from core.jobs import Job
from core.money import Money
from donations import services
from donations.own_page import wishes
from donations.reversals import requests
from donations.reversals.models import RequestState
from donations.stripe_gateway import StripeFailing
from donations.subscriptions.models import Subscription
from tests.donations.conftest import Gift, Stand
from tests.donations.own_pages import Visitor
from tests.donations.stripe_account import Account

EVERY = pytest.mark.parametrize("status", [401, 403, 429])


@pytest.fixture
def account(stand: Stand) -> Account:
    return Account(stand)


def refund_asked(stand: Stand, gift: Gift) -> str:
    with stand.app.app_context():
        found = stand.world.payments()[0][0]
        wish = requests.request_refund(services.get_payment(found), money=Money(1000, "EUR"), reason="", actor="ana")
        db.session.commit()
        return wish.public_id


def kinds_waiting(stand: Stand) -> list[str]:
    with stand.app.app_context():
        return list(db.session.scalars(select(Job.kind).where(Job.state == "queued", Job.attempts > 0)))


def again(stand: Stand) -> None:
    """What was put off is due."""
    with stand.app.app_context():
        for job in db.session.scalars(select(Job).where(Job.state == "queued")):
            job.run_at = job.created_at
        db.session.commit()
    stand.world.work()


@EVERY
def test_a_refund_is_asked_for_again(account: Account, status: int) -> None:
    stand = account.stand
    public_id = refund_asked(stand, account.given(2500))
    account.drive("switches", "turned_away", str(status))
    for patiently in (False, True):
        with stand.app.app_context(), pytest.raises(StripeFailing):
            requests.send(public_id, patiently=patiently)
    with stand.app.app_context():
        (wish,) = requests.requests_of(services.get_payment(stand.world.payments()[0][0]))
        assert wish.state == RequestState.ASKED
    account.drive("switches", "all", "reset")
    again(stand)
    with stand.app.app_context():
        assert requests.send(public_id) == RequestState.SENT


@EVERY
def test_a_customer_is_forgotten_later(account: Account, status: int) -> None:
    stand = account.stand
    account.given(1000, frequency="monthly")
    visitor = Visitor(stand.world)
    own = visitor.own()
    visitor.press(own, "erase", sure="y")
    account.drive("switches", "turned_away", str(status))
    stand.world.work()
    assert wishes.FORGET_CUSTOMER in kinds_waiting(stand)
    account.drive("switches", "all", "reset")
    again(stand)
    with stand.app.app_context():
        customer = db.session.scalars(select(Subscription.customer_id)).one()
    assert account.ask(lambda v1: v1.customers.retrieve(customer)).get("deleted") is True


def test_who_connects_reads_what_stripe_says_of_the_key(account: Account) -> None:
    account.drive("switches", "turned_away", "401")
    done = account.run("connect", "--json")
    assert done.exit_code == 1 and "Stripe refuses: Invalid API Key" in done.stderr
