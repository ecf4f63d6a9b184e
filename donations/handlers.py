"""What each kind of Stripe event does. One table; what is not in it is recorded and has no effect.

A handler raises before it writes: what it raises is recorded, alarmed and answered 200, for sending it again helps nobody."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import update

from cases.models import CaseStatus
from core import alarms, clock
from core.bundle import bundled
from core.db import db, insert
from core.jobs import enqueue
from core.money import Money
from donations import lookup, reading, services
from donations.guards import handlers as guard_handlers
from donations.models import Donation, Outcome, PaymentStatus, StripeEvent
from donations.moving import services as moving
from donations.reversals.handlers import dispute_changed, refund_changed
from donations.stripe_gateway import API_VERSION, Event
from donations.subscriptions.handlers import (
    invoice_action_required,
    invoice_failed,
    subscription_changed,
)  # fmt: skip

Handler = Callable[[Event], Outcome]
DISPUTED = ("created", "updated", "funds_withdrawn", "funds_reinstated", "closed")
LOOK_AGAIN = timedelta(hours=1)
OTHER_VERSION = "API version"  # what the reason of an event begins with that was set aside for its version
MONEY_KEY = {"payment": "payment_intent", "subscription": "invoice"}


def commit(events: list[Event]) -> None:
    """Applies events in one transaction, or raises and has changed nothing."""
    try:
        apply(*events)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def apply(*events: Event) -> None:
    """Records events and does what each asks for, once for each id, in the caller's transaction.

    Many at once cost little more than one: they are looked up together, and what they write waits for its likes."""
    with bundled():
        new = [event for event in _recorded(events) if event.type in HANDLERS]
        with lookup.locked(reading.reference(event.subject) for event in new):
            for event in new:
                _handle(event)


def _recorded(events: Sequence[Event]) -> list[Event]:
    """The events that were not known."""
    rows = [
        {
            "id": event.id, "type": event.type, "object_id": reading.text(event.subject.get("id")), "reason": "",
            "outcome": Outcome.APPLIED if event.type in HANDLERS else Outcome.IGNORED,
            "created_at": event.created_at, "received_at": clock.now(),
        }
        for event in sorted(events, key=lambda event: event.id)  # in one order, so that two processes do not lock each other
    ]  # fmt: skip
    new = set(db.session.scalars(_inserted(db.engine.dialect.name), rows))
    return [event for event in {event.id: event for event in events}.values() if event.id in new]


@cache
def _inserted(dialect: str) -> Any:
    recorded = insert(StripeEvent.__table__).on_conflict_do_nothing(index_elements=["id"])
    return recorded.returning(StripeEvent.__table__.c.id)


def _handle(event: Event) -> None:
    outcome, reason = _outcome(event)
    if outcome == Outcome.APPLIED:
        return
    values = {"outcome": outcome, "reason": reason}
    db.session.execute(update(StripeEvent).where(StripeEvent.id == event.id).values(values))
    object_id = reading.text(event.subject.get("id"))
    if outcome == Outcome.UNMATCHED and not reason:  # kept all the same: what it speaks of may still be on the way
        enqueue("donations.look_again", {"event": event.id}, key=f"donations.look_again:{event.id}", after=LOOK_AGAIN)
    elif outcome in services.ATTENTION:
        alarms.sound(f"payment-{outcome}", object_id or event.id, event=event.id, type=event.type, reason=reason)


def session_settled(event: Event) -> Outcome:
    """The donor went through Checkout, or the bank debit of a finished session arrived."""
    # Bank debits settle days after `completed`: until then the session says `unpaid`.
    status = PaymentStatus.PAID if event.subject.get("payment_status") == "paid" else PaymentStatus.PENDING
    return _record_session(event, status)


def session_failed(event: Event) -> Outcome:
    """The bank debit of a finished session came to nothing."""
    return _record_session(event, PaymentStatus.FAILED)


def session_expired(event: Event) -> Outcome:
    """Nobody went through the session; late news about a finished one changes nothing."""
    return Outcome.APPLIED if services.expire_session(reading.text(event.subject.get("id"))) else Outcome.IGNORED


def invoice_paid(event: Event) -> Outcome:
    """A recurring gift was paid: the first time, perhaps before its session is known to be over, or again."""
    invoice = event.subject
    reference = reading.reference(invoice)
    donation = lookup.donation_of(reference)
    amount, currency = invoice.get("amount_paid"), invoice.get("currency")
    money = services.check_terms(donation, amount=amount, currency=currency, recurring=True)
    if donation.subscription_id is None:
        services.bind_subscription(donation, reference.stripe_id)
    _record(donation, reading.text(invoice.get("id")), PaymentStatus.PAID, event, money)
    return Outcome.APPLIED


def invoice_payment_paid(event: Event) -> Outcome:
    """Tells which PaymentIntent paid an invoice."""
    payment_intent = reading.text(reading.mapping(event.subject.get("payment")).get("payment_intent"))
    if not payment_intent:
        return Outcome.IGNORED
    services.record_invoice_payment(reading.text(event.subject.get("invoice")), payment_intent)
    return Outcome.APPLIED


HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": session_settled,
    "checkout.session.async_payment_succeeded": session_settled,
    "checkout.session.async_payment_failed": session_failed,
    "checkout.session.expired": session_expired,
    "invoice.paid": invoice_paid,
    "invoice.payment_failed": invoice_failed,
    "invoice.payment_action_required": invoice_action_required,
    "invoice_payment.paid": invoice_payment_paid,
    **dict.fromkeys(
        [f"customer.subscription.{what}" for what in ("created", "updated", "deleted")], subscription_changed
    ),
    **dict.fromkeys([f"refund.{what}" for what in ("created", "updated", "failed")], refund_changed),
    **dict.fromkeys([f"charge.dispute.{what}" for what in DISPUTED], dispute_changed),
    **guard_handlers.HANDLERS,
}


def _outcome(event: Event) -> tuple[Outcome, str]:
    if event.api_version != API_VERSION:  # its fields may mean something else
        return Outcome.QUARANTINED, f"{OTHER_VERSION} {reading.text(event.api_version)}"[:200]
    try:
        return HANDLERS[event.type](event), ""
    except lookup.UnmatchedPayment:
        return Outcome.UNMATCHED, "no donation of ours"
    except services.OtherTerms as error:
        return Outcome.QUARANTINED, reading.text(str(error))[:200]


def _record_session(event: Event, status: PaymentStatus) -> Outcome:
    session = event.subject
    donation = lookup.donation_of(reading.reference(session))
    recurring = session.get("mode") == "subscription"
    amount, currency = session.get("amount_total"), session.get("currency")
    money = services.check_terms(donation, amount=amount, currency=currency, recurring=recurring)
    services.complete_session(donation, reading.text(session.get("id")), reading.text(session.get("subscription")))
    stripe_id = reading.text(session.get(MONEY_KEY["subscription" if recurring else "payment"]))
    if stripe_id:  # else the invoice will say so itself
        _record(donation, stripe_id, status, event, money)
    return Outcome.APPLIED


def _record(donation: Donation, stripe_id: str, status: PaymentStatus, event: Event, money: Money) -> None:
    services.record_payment(donation, stripe_id, status=status, at=event.created_at, money=money)
    closed = donation.case is not None and donation.case.status != CaseStatus.ACTIVE
    if closed and not moving.was_asked(donation):
        alarms.sound("gift-for-closed-case", donation.public_id, donation=donation.public_id)
