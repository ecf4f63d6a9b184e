"""Refunds and disputes as Stripe reports them, in whatever order the news of them comes.

Nothing is subtracted from a payment's row. What is left of it is computed where it is asked for, so that a refund that is
told before its payment, twice, or after it failed leaves the same sums."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal, or_, select, union_all, update

from core.db import db, insert
from core.jobs import enqueue
from core.money import Money
from donations.models import InvoicePayment, Payment
from donations.reversals.models import Dispute, DisputeStatus, Refund, RefundStatus

REFUND_RANK = {RefundStatus.PENDING: 0, RefundStatus.SUCCEEDED: 1, RefundStatus.CANCELED: 2, RefundStatus.FAILED: 3}
DISPUTE_RANK = {DisputeStatus.INQUIRY: 0, DisputeStatus.OPEN: 1, DisputeStatus.WON: 2, DisputeStatus.LOST: 3}
GOING = (RefundStatus.PENDING, RefundStatus.SUCCEEDED)  # a refund under way is ours no more
TAKEN = (DisputeStatus.OPEN, DisputeStatus.LOST)
SETTLE = "donations.tax_settle"


@dataclass(frozen=True)
class Contested:
    """What Stripe says of a dispute. `fee` is what it costs us, None where no money has moved yet."""

    id: str
    payment_intent: str
    money: Money
    status: DisputeStatus
    reason: str
    fee: Money | None
    due_at: datetime | None


def record_refund(refund_id: str, payment_intent: str, money: Money, status: RefundStatus, *, at: datetime) -> None:
    """Keeps how far a refund has come; late news never takes it back a step."""
    row = {
        "id": refund_id, "payment_intent": payment_intent, "amount": money.minor, "currency": money.currency, "status": status,
        "created_at": at, "changed_at": at,
    }  # fmt: skip
    if _rise(Refund, row, REFUND_RANK, "status", "changed_at"):
        promise_look(payment_intent, f":{refund_id}:{status}:{at.isoformat()}")


def record_dispute(contested: Contested, *, at: datetime) -> None:
    """Keeps how far a dispute has come; once it is decided it stays so."""
    row = {
        "id": contested.id, "payment_intent": contested.payment_intent, "amount": contested.money.minor,
        "currency": contested.money.currency, "status": contested.status, "reason": contested.reason[:100],
        "fee": 0, "fee_currency": "", "due_at": contested.due_at, "created_at": at, "changed_at": at,
    }  # fmt: skip
    if _rise(Dispute, row, DISPUTE_RANK, "status", "amount", "due_at", "changed_at"):
        promise_look(contested.payment_intent, f":{contested.id}:{contested.status}:{at.isoformat()}")
    if contested.fee:  # told by an event of its own, before or after the end
        mine = (Dispute.id == contested.id, Dispute.fee < contested.fee.minor)
        kept = {"fee": contested.fee.minor, "fee_currency": contested.fee.currency}
        db.session.execute(update(Dispute).where(*mine).values(kept))


def promise_look(payment_intent: str, news: str = "") -> None:
    """Promises that a payment's tax receipt is compared with what is left of it, once for each piece of news."""
    enqueue(SETTLE, {"intent": payment_intent}, key=f"{SETTLE}:{payment_intent}{news}")


def gone() -> Subquery:
    """(stripe_id, currency, amount): how much of each payment is on its way back or was taken, by its own Stripe id."""
    back = select(Refund.payment_intent, Refund.currency, Refund.amount).where(Refund.status.in_(GOING))
    contested = select(Dispute.payment_intent, Dispute.currency, Dispute.amount).where(Dispute.status.in_(TAKEN))
    parts = union_all(back, contested).subquery()
    through = InvoicePayment.payment_intent == parts.c.payment_intent
    stripe_id = func.coalesce(InvoicePayment.invoice_id, parts.c.payment_intent).label("stripe_id")
    query = select(stripe_id, parts.c.currency, func.sum(parts.c.amount).label("amount"))
    whole = query.select_from(parts).outerjoin(InvoicePayment, through)
    return whole.group_by(stripe_id, parts.c.currency).subquery()


def of_payment(parts: Subquery) -> ColumnElement[bool]:
    """How a query outer-joins `gone()` to payments: other money than a payment's own takes nothing from it."""
    return and_(parts.c.stripe_id == Payment.stripe_id, parts.c.currency == Payment.currency)


def left_of(parts: Subquery) -> ColumnElement[int]:
    """What is left of a payment, for a query that outer-joins `gone()`: never less than nothing."""
    left = Payment.amount - func.coalesce(parts.c.amount, literal(0))
    return case((left > 0, left), else_=literal(0))


def intents_of(payment: Payment) -> list[str]:
    """Every name under which refunds and disputes may know a payment: its own, and its invoice's PaymentIntents."""
    through = select(InvoicePayment.payment_intent).where(InvoicePayment.invoice_id == payment.stripe_id)
    return [payment.stripe_id, *db.session.scalars(through.order_by(InvoicePayment.payment_intent))]


def find_intent(stripe_id: str) -> str | None:
    """The PaymentIntent that a refund or dispute of this id speaks of."""
    found = db.session.get(Refund, stripe_id) or db.session.get(Dispute, stripe_id)
    return found.payment_intent if found else None


def refunds_of(payment: Payment) -> list[Refund]:
    """The refunds of a payment, oldest first."""
    query = select(Refund).where(Refund.payment_intent.in_(intents_of(payment)))
    return list(db.session.scalars(query.order_by(Refund.created_at, Refund.id)))


def disputes_of(payment: Payment) -> list[Dispute]:
    """The disputes of a payment, oldest first."""
    query = select(Dispute).where(Dispute.payment_intent.in_(intents_of(payment)))
    return list(db.session.scalars(query.order_by(Dispute.created_at, Dispute.id)))


def left(payment: Payment) -> Money:
    """What is left of a payment after refunds and disputes."""
    going = [refund for refund in refunds_of(payment) if refund.status in GOING]
    contested = [dispute for dispute in disputes_of(payment) if dispute.status in TAKEN]
    back = sum(refund.amount for refund in going if refund.currency == payment.currency)
    taken = sum(dispute.amount for dispute in contested if dispute.currency == payment.currency)
    return Money(max(0, payment.amount - back - taken), payment.currency)


def _rise(table: Any, row: dict[str, Any], ranks: dict[Any, int], *changing: str) -> bool:
    """Inserts the row, or lets it rise in rank; of equal rank the later news stands. Whether anything is new."""
    new = insert(table).values(row)
    rank = case(ranks, value=table.status)
    same = and_(rank == ranks[row["status"]], table.changed_at < row["changed_at"])
    risen = new.on_conflict_do_update(
        index_elements=["id"],
        set_={name: getattr(new.excluded, name) for name in changing},
        where=or_(rank < ranks[row["status"]], same),
    )
    return db.session.execute(risen.returning(table.id)).scalar() is not None
