"""The end of what a donor agreed to and Stripe never took: a wish that it did not hear, an amount that another replaced."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import aliased

from core import clock
from core.db import db
from core.jobs import Handler, Job
from core.money import Money
from core.worker import Tick
from donations import letters
from donations.models import Donation, Payment, PaymentStatus
from donations.seals import UNREADABLE
from donations.subscriptions import changes
from donations.subscriptions import services as subscriptions
from donations.subscriptions.changes import Change
from donations.subscriptions.models import AgreedAmount, Subscription, SubscriptionStatus

log = logging.getLogger(__name__)

STILL_TRIED = timedelta(days=60)  # so long at most Stripe tries to have a payment of the former amount
UNSYNCED = {"synchronize_session": False}
FULFILLED: dict[Change, Callable[[Subscription, dict[str, Any]], bool]] = {
    Change.STOP: lambda standing, args: standing.status == SubscriptionStatus.CANCELED,
    Change.PAUSE: lambda standing, args: standing.status == SubscriptionStatus.PAUSED,
    Change.RESUME: lambda standing, args: standing.status != SubscriptionStatus.PAUSED,
    Change.AMOUNT: lambda standing, args: standing.amount == args["amount"],
}


def lapse(job: Job) -> None:
    """A wish that Stripe did not take for a week is none any more; its donor is told how the gift stands instead."""
    donation, change = changes.donation_of(job), Change(job.args["change"])
    wish = db.session.scalars(select(Job).where(Job.key == job.args["wish"])).one()
    standing = subscriptions.find(donation)
    ended = standing is not None and standing.status == SubscriptionStatus.CANCELED
    if ended or changes.overtaken(wish, donation, change):
        return
    if standing is not None and FULFILLED[change](standing, job.args):  # its answer was lost, its news came
        return changes.tell_changed(donation, change, standing, wish.public_id)
    if change == Change.AMOUNT:
        _take_back(donation, job.args["amount"])
    return _tell(donation, change, standing, job)


def forget_superseded() -> bool:
    """The worker's tick: forgets amounts that another took the place of so long ago that no payment can have them. Commits.

    Those of payments that were not made stay: a donor may make them whenever they like."""
    later = aliased(AgreedAmount)
    over = exists().where(
        later.donation_id == AgreedAmount.donation_id, later.agreed_at > AgreedAmount.agreed_at,
        later.agreed_at < clock.now() - STILL_TRIED,
    )  # fmt: skip
    mine = (Donation.id == AgreedAmount.donation_id, Donation.subscription_id == Subscription.id)
    present = exists(Subscription.id).where(*mine, Subscription.amount == AgreedAmount.amount)
    gone = delete(AgreedAmount).where(over, ~present, ~_owed()).returning(AgreedAmount.donation_id)
    found = db.session.execute(gone, execution_options=UNSYNCED).all()
    db.session.commit()
    return bool(found)


def _take_back(donation: Donation, amount: int) -> None:
    """Nothing of this amount may be taken any more, but what has begun."""
    mine = (AgreedAmount.donation_id == donation.id, AgreedAmount.amount == amount)
    db.session.execute(delete(AgreedAmount).where(*mine, ~_owed()), execution_options=UNSYNCED)


def _owed() -> Any:
    theirs = (Payment.donation_id == AgreedAmount.donation_id, Payment.amount == AgreedAmount.amount)
    return exists(Payment.id).where(*theirs, Payment.status != PaymentStatus.PAID)


def _tell(donation: Donation, change: Change, standing: Subscription | None, job: Job) -> None:
    wished = job.args.get("amount")
    present = Money(standing.amount if standing else donation.amount, donation.currency)
    context = {
        "change": str(change), "amount": present.text(donation.language), "frequency": str(donation.frequency),
        "wished": Money(wished, donation.currency).text(donation.language) if wished else "",
    }  # fmt: skip
    try:
        letters.write(donation, "gift_unchanged", key=job.public_id, context=context)
    except UNREADABLE:
        log.error("the donor of %s cannot be opened, and is not told of a wish that lapsed", donation.public_id)


JOBS: dict[str, Handler] = {changes.LAPSED: lapse}
TICKS = (Tick(forget_superseded, every=86400.0),)
