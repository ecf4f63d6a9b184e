"""Refunds that organisers ask for: spoken for in our database first, then made by Stripe under the request's own key."""

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from core import audit, clock
from core.db import db
from core.jobs import enqueue
from core.money import Money
from donations import reading, stripe_gateway
from donations.models import Payment, PaymentStatus
from donations.reversals import services as reversals
from donations.reversals.models import RefundRequest, RefundStatus, RequestState

METADATA_KEY = "request"
FRAUD = "reported as fraud by the bank"  # Stripe is told so, and learns to know the card
SENT_BY_VIEW = timedelta(minutes=1)  # who asks waits for Stripe; the job is for when that came to nothing
STATUSES = {
    "pending": RefundStatus.PENDING, "requires_action": RefundStatus.PENDING, "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED, "canceled": RefundStatus.CANCELED,
}  # fmt: skip


class NotThatMuch(ValueError):
    """More than is left of the payment, refunds under way included; `left` is what is."""

    def __init__(self, left: Money) -> None:
        super().__init__(left)
        self.left = left


class NothingToRefund(ValueError):
    """The payment was never made, or Stripe has not told us yet how."""


def request_refund(payment: Payment, *, money: Money, reason: str, actor: str) -> RefundRequest:
    """Speaks for an amount of a payment; of two at once that do not fit together one is refused.

    Raises NotThatMuch or NothingToRefund. The caller commits, then calls `send`; a promised job does so too, should it not."""
    # An update that changes nothing: it locks the row on both databases until the commit.
    db.session.execute(update(Payment).where(Payment.id == payment.id).values(id=Payment.id))
    db.session.refresh(payment)
    if payment.status != PaymentStatus.PAID or _intent(payment) is None:
        raise NothingToRefund(payment.stripe_id)
    left = refundable(payment)
    if money.currency != left.currency or not 0 < money.minor <= left.minor:
        raise NotThatMuch(left)
    request = RefundRequest(
        public_id=secrets.token_urlsafe(16), payment_id=payment.id, amount=money.minor, reason=reason, asked_by=actor,
        state=RequestState.ASKED, created_at=clock.now(),
    )  # fmt: skip
    db.session.add(request)
    db.session.flush()
    audit.record(
        "refund.requested", request.public_id, actor=actor, amount=money.minor, currency=money.currency, reason=reason
    )
    key = f"donations.refund:{request.public_id}"
    enqueue("donations.refund", {"request": request.public_id}, key=key, after=SENT_BY_VIEW)
    return request


def send(public_id: str, *, patiently: bool = False) -> RequestState:
    """Asks Stripe for the refund, again and again the same one; its state now. Commits before it asks, the caller afterwards.

    `patiently`, in a job, it looks first whether Stripe has made it: of its key Stripe knows nothing any more after a day.
    Raises a CheckoutError where nobody knows what came of it."""
    request = db.session.scalars(select(RefundRequest).where(RefundRequest.public_id == public_id)).one()
    if request.state != RequestState.ASKED:
        return request.state
    wanted = Money(request.amount, request.payment.currency)
    intent = _intent(request.payment)
    order = {
        "payment_intent": intent,
        "amount": wanted.stripe_minor,
        "reason": "fraudulent" if request.reason == FRAUD else "requested_by_customer",
        "metadata": {METADATA_KEY: public_id},
    }
    db.session.commit()  # no connection is held while Stripe thinks
    try:
        answer = (_made(intent, public_id) if patiently else None) or stripe_gateway.ask(
            lambda v1: v1.refunds.create(order, {"idempotency_key": public_id}), patiently=patiently
        )
    except stripe_gateway.StripeRefused as error:
        return end(public_id, RequestState.REFUSED, str(error)[:200])
    status = STATUSES[reading.text(answer["status"])]
    taken_from, money = reading.text(answer["payment_intent"]), reading.money(answer["amount"], answer["currency"])
    reversals.record_refund(
        answer["id"], taken_from, money, status, at=reading.moment(answer["created"]) or clock.now()
    )
    return end(public_id, RequestState.SENT, answer["id"])


def refundable(payment: Payment) -> Money:
    """What is left of a payment after refunds, disputes, and requests that Stripe has not answered."""
    asked = (RefundRequest.payment_id == payment.id, RefundRequest.state == RequestState.ASKED)
    waiting = db.session.scalar(select(func.sum(RefundRequest.amount)).where(*asked)) or 0
    left = reversals.left(payment)
    return Money(max(0, left.minor - int(waiting)), left.currency)


def requests_of(payment: Payment) -> list[RefundRequest]:
    """The refunds that organisers asked for, oldest first."""
    mine = select(RefundRequest).where(RefundRequest.payment_id == payment.id)
    return list(db.session.scalars(mine.order_by(RefundRequest.id)))


def end(public_id: str, state: RequestState, answer: str) -> RequestState:
    """Notes what became of a request, once; `answer` is the refund's id, or Stripe's words."""
    mine = (RefundRequest.public_id == public_id, RefundRequest.state == RequestState.ASKED)
    db.session.execute(update(RefundRequest).where(*mine).values(state=state, answer=answer))
    return state


def made(public_id: str, refund_id: str) -> None:
    """Stripe's own news that it has made the refund; whatever was answered before, that counts."""
    mine = (RefundRequest.public_id == public_id, RefundRequest.state != RequestState.SENT)
    db.session.execute(update(RefundRequest).where(*mine).values(state=RequestState.SENT, answer=refund_id))


def request_of(refund: dict[str, Any]) -> str:
    """Our request's public id in a refund of Stripe's; empty where it was asked for elsewhere."""
    return reading.text(reading.mapping(refund.get("metadata")).get(METADATA_KEY))


def _made(intent: str | None, public_id: str) -> dict[str, Any] | None:
    """The refund that Stripe made for this request, though its answer did not reach us."""
    of_payment = {"payment_intent": intent, "limit": 100}
    listed = stripe_gateway.each(lambda v1: v1.refunds.list(of_payment))
    return next((refund for refund in listed if request_of(refund) == public_id), None)


def _intent(payment: Payment) -> str | None:
    """The PaymentIntent to take from; a renewal's is known once `invoice_payment.paid` has come."""
    names = [name for name in reversals.intents_of(payment) if name.startswith("pi_")]
    return names[0] if names else None
