"""What Stripe says of a recurring gift is kept here, in whatever order it comes; and what its donor agreed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, or_, select, true, update

from core import clock
from core.db import db, insert
from core.jobs import enqueue
from donations.models import Donation
from donations.subscriptions.models import AgreedAmount, Subscription, SubscriptionStatus

RANK = {status: number for number, status in enumerate(SubscriptionStatus)}


@dataclass(frozen=True)
class Reported:
    """A subscription as Stripe shows it; `amount` in our minor units, `why` it ended in Stripe's word."""

    id: str
    customer_id: str
    status: SubscriptionStatus
    amount: int
    period_end: datetime | None
    resumes_at: datetime | None
    why: str = ""


def record(reported: Reported, *, at: datetime) -> None:
    """Keeps the newest that is known; what has ended stays so, and its donor is told once."""
    row = {
        "id": reported.id, "customer_id": reported.customer_id, "status": reported.status, "amount": reported.amount,
        "period_end": reported.period_end, "resumes_at": reported.resumes_at, "changed_at": at,
    }  # fmt: skip
    new = insert(Subscription).values(row)
    ends = reported.status == SubscriptionStatus.CANCELED
    at_once = and_(Subscription.changed_at == at, case(RANK, value=Subscription.status) <= RANK[reported.status])
    newer = true() if ends else or_(Subscription.changed_at < at, at_once)
    running = Subscription.status != SubscriptionStatus.CANCELED
    changed = {name: getattr(new.excluded, name) for name in row if name != "id"}
    kept = new.on_conflict_do_update(index_elements=["id"], set_=changed, where=and_(running, newer))
    if db.session.execute(kept.returning(Subscription.id)).scalar() is not None and ends:
        kind = "donations.ended"
        enqueue(kind, {"subscription": reported.id, "why": reported.why}, key=f"{kind}:{reported.id}")


def take_answer(reported: Reported) -> None:
    """Keeps what Stripe answered to a change of ours. Its event says so too; until then older news may still pass over it."""
    values = {"status": reported.status, "amount": reported.amount, "resumes_at": reported.resumes_at}
    values["period_end"] = reported.period_end
    running = (Subscription.id == reported.id, Subscription.status != SubscriptionStatus.CANCELED)
    db.session.execute(update(Subscription).where(*running).values(values))


def find(donation: Donation) -> Subscription | None:
    """How a recurring donation stands; None while Stripe has not said anything of it."""
    return db.session.get(Subscription, donation.subscription_id) if donation.subscription_id else None


def agree(donation: Donation, amount: int) -> None:
    """The donor means to give so much from the next payment on; minor units of the donation's currency."""
    row = insert(AgreedAmount).values(donation_id=donation.id, amount=amount, agreed_at=clock.now())
    again = {"agreed_at": row.excluded.agreed_at}
    db.session.execute(row.on_conflict_do_update(index_elements=["donation_id", "amount"], set_=again))


def agreed_amounts(donation: Donation) -> Sequence[int]:
    """Every amount that a payment of this donation may have."""
    later = select(AgreedAmount.amount).where(AgreedAmount.donation_id == donation.id)
    return [donation.amount, *db.session.scalars(later)]
