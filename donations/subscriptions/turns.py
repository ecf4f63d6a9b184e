"""Of the wishes about one regular gift one at a time is at Stripe, however many workers there are.

Else the answer to a later wish could come before that to an earlier one, which Stripe would then keep."""

from datetime import timedelta

from sqlalchemy import or_, update

from core import clock
from core.db import db
from core.jobs import Job
from donations.subscriptions.models import Subscription

TURN = timedelta(minutes=2)  # longer than Stripe is ever waited for in a job, all tries together


class NotItsTurn(Exception):
    """Another wish about the same gift is at Stripe; this one is tried again."""


def take(subscription: Subscription, job: Job) -> None:
    """The turn is this job's: until it gives it back, or for as long as its worker may still be heard. Commits.

    It is kept where no answer came: what was asked may still arrive. The job itself may come back meanwhile, no other.
    Raises NotItsTurn."""
    free = or_(Subscription.turn.is_(None), Subscription.turn == job.public_id, Subscription.turn_until <= clock.now())
    values = {"turn": job.public_id, "turn_until": clock.now() + TURN}
    taken = update(Subscription).where(Subscription.id == subscription.id, free).values(values)
    if db.session.execute(taken.returning(Subscription.id)).scalar() is None:
        raise NotItsTurn
    db.session.commit()


def give_back(subscription_id: str, job: Job) -> None:
    """The next wish may go, once the caller commits."""
    mine = (Subscription.id == subscription_id, Subscription.turn == job.public_id)
    db.session.execute(update(Subscription).where(*mine).values(turn=None, turn_until=None))
