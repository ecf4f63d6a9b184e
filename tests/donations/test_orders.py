"""Six events of one donation in all their 720 orders, each delivered ten times, leave the same ledger."""

import itertools
import json
import random
import re
from collections import Counter, defaultdict
from typing import Any

from flask import Flask
from sqlalchemy import select

from core.db import db
from core.jobs import Job
from donations import handlers, services, stripe_gateway
from donations.models import Donation, Payment
from donations.reversals import services as reversals
from donations.reversals.models import Dispute, Refund
from donations.reversals.services import SETTLE
from donations.subscriptions.models import Subscription
from tests.donations.conftest import Gift, World
from tests.donations.events import (
    completed,
    dispute,
    invoice_paid,
    invoice_payment_paid,
    refund,
    signed,
    subscription,
)

TIMES = 10
MAKERS = (
    completed,
    invoice_paid,
    invoice_payment_paid,
    lambda gift: refund(gift, 900),
    lambda gift: dispute(gift, "closed", "lost", fee=2000, amount=1000),
    lambda gift: subscription(gift, "deleted", "canceled"),
)


LEDGER = (
    "[(<SessionState.COMPLETE: 'complete'>, True, True), [(True, 2500, <PaymentStatus.PAID: 'paid'>)], "
    "[(900, <RefundStatus.SUCCEEDED: 'succeeded'>)], [(1000, <DisputeStatus.LOST: 'lost'>, 2000)], "
    "(<SubscriptionStatus.CANCELED: 'canceled'>, 2500), 600]"
)
JOBS = ("alarm:dispute", "donations.ended", "donations.receipt", *[SETTLE] * 3)


def arrive(*bodies: dict[str, Any]) -> None:
    """Signed bodies through the webhook's own steps, without the web server's; those of one call share a commit."""
    texts = [json.dumps(body) for body in bodies]
    handlers.commit([stripe_gateway.read_event(text.encode(), signed(text)) for text in texts])


def ledger(gift: Gift) -> list[Any]:
    """All that is kept of a gift, ids and times left out."""
    mine = select(Donation).where(Donation.public_id == gift.public_id)
    donation = db.session.scalars(mine).one()
    payments = db.session.scalars(select(Payment).where(Payment.donation_id == donation.id)).all()
    intent = f"pi_in_{gift.public_id}_1"
    refunds = db.session.scalars(select(Refund).where(Refund.payment_intent == intent)).all()
    disputes = db.session.scalars(select(Dispute).where(Dispute.payment_intent == intent)).all()
    running = db.session.get_one(Subscription, f"sub_{gift.public_id}")
    found = services.find_payment(intent)
    return [
        (donation.session_state, donation.session_id == gift.session_id, donation.subscription_id == running.id),
        [(one.stripe_id == f"in_{gift.public_id}_1", one.amount, one.status) for one in payments],
        [(one.amount, one.status) for one in refunds],
        [(one.amount, one.status, one.fee) for one in disputes],
        (running.status, running.amount), found is not None and reversals.left(found).minor,
    ]  # fmt: skip


def promised() -> Counter[tuple[str, ...]]:
    """How many gifts have which jobs that name them."""
    by_gift: defaultdict[str, list[str]] = defaultdict(list)
    for key in db.session.scalars(select(Job.key).order_by(Job.key)):
        kind, _, name = str(key).rpartition(":")
        if kind.startswith(SETTLE):  # goes on with whose news it is, and of when
            kind, name = SETTLE, str(key).split(":")[1]
        if kind != "donations.look_again":  # names the event; whether there is one is the order's doing
            by_gift[re.sub("^(pi_in|in|sub|dp)_|_1$", "", name)].append(kind)
    return Counter(tuple(kinds) for kinds in by_gift.values())


def test_events_that_share_a_commit_leave_the_ledger_that_each_alone_leaves(app: Flask, world: World) -> None:
    for number, order in enumerate(itertools.permutations(MAKERS)):
        if number % 12:
            continue
        alone, together = world.gift(frequency="monthly"), world.gift(frequency="monthly")
        with app.app_context():
            for make in order:
                arrive(make(alone))
            arrive(*(make(together) for make in order))
            assert ledger(alone) == ledger(together)
            db.session.remove()
    with app.app_context():
        assert promised() == {JOBS: 120}


def test_every_order_of_six_events_each_ten_times_leaves_one_ledger(app: Flask, world: World) -> None:
    chance, found = random.Random(720), set()
    for order in itertools.permutations(MAKERS):
        gift = world.gift(frequency="monthly")
        bodies = [make(gift) for make in order]
        again = bodies * (TIMES - 1)
        chance.shuffle(again)
        with app.app_context():
            for body in bodies:
                arrive(body)
            cut = chance.randrange(1, len(again))
            arrive(*again[:cut])
            arrive(*again[cut:])
            found.add(repr(ledger(gift)))
            db.session.remove()
    assert found == {LEDGER}
    with app.app_context():
        assert services.totals() == {"EUR": 720 * 600}
        assert promised() == {JOBS: 720}
