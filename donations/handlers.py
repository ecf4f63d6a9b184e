"""What each kind of Stripe event does. One table; what is not in it is recorded and has no effect.

A handler raises before it writes: what it raises is recorded, alarmed and answered 200, for sending it again helps nobody."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import update

from cases.models import CaseStatus
from core import alarms
from core.db import db, insert
from donations import services
from donations.guards import handlers as guard_handlers
from donations.models import Donation, Outcome, PaymentStatus, StripeEvent
from donations.stripe_gateway import METADATA_KEY, Event

Handler = Callable[[Event], Outcome]
MONEY_KEY = {"payment": "payment_intent", "subscription": "invoice"}


def apply(event: Event) -> None:
    """Records the event and does what it asks for, once for each id, in the caller's transaction."""
    object_id = _text(event.subject.get("id"))
    row = {
        "id": event.id, "type": event.type, "object_id": object_id, "outcome": Outcome.IGNORED,
        "reason": "", "created_at": event.created_at,
    }  # fmt: skip
    new = insert(StripeEvent).values(row).on_conflict_do_nothing(index_elements=["id"]).returning(StripeEvent.id)
    if db.session.execute(new).scalar() is None or event.type not in HANDLERS:
        return
    outcome, reason = _outcome(event)
    values = {"outcome": outcome, "reason": reason}
    db.session.execute(update(StripeEvent).where(StripeEvent.id == event.id).values(values))
    if outcome in services.ATTENTION:
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
    return Outcome.APPLIED if services.expire_session(_text(event.subject.get("id"))) else Outcome.IGNORED


def invoice_paid(event: Event) -> Outcome:
    """A recurring gift was paid: the first time, perhaps before its session is known to be over, or again."""
    invoice = event.subject
    details = _dict(_dict(invoice.get("parent")).get("subscription_details"))
    subscription = _text(details.get("subscription"))
    donation = services.donation_of_subscription(subscription, _mark(details))
    amount, currency = invoice.get("amount_paid"), invoice.get("currency")
    services.check_terms(donation, amount=amount, currency=currency, recurring=True)
    if donation.subscription_id is None:
        services.bind_subscription(donation, subscription)
    _record(donation, _text(invoice.get("id")), PaymentStatus.PAID, event)
    return Outcome.APPLIED


def invoice_payment_paid(event: Event) -> Outcome:
    """Tells which PaymentIntent paid an invoice."""
    payment_intent = _text(_dict(event.subject.get("payment")).get("payment_intent"))
    if not payment_intent:
        return Outcome.IGNORED
    services.record_invoice_payment(_text(event.subject.get("invoice")), payment_intent)
    return Outcome.APPLIED


HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": session_settled,
    "checkout.session.async_payment_succeeded": session_settled,
    "checkout.session.async_payment_failed": session_failed,
    "checkout.session.expired": session_expired,
    "invoice.paid": invoice_paid,
    "invoice_payment.paid": invoice_payment_paid,
    **guard_handlers.HANDLERS,
}


def _outcome(event: Event) -> tuple[Outcome, str]:
    try:
        return HANDLERS[event.type](event), ""
    except services.UnmatchedPayment:
        return Outcome.UNMATCHED, "no donation of ours"
    except services.OtherTerms as error:
        return Outcome.QUARANTINED, _text(str(error))[:200]


def _record_session(event: Event, status: PaymentStatus) -> Outcome:
    session = event.subject
    reference = _text(session.get("client_reference_id")) or _mark(session)
    donation = services.donation_of_session(_text(session.get("id")), reference)
    recurring = session.get("mode") == "subscription"
    amount, currency = session.get("amount_total"), session.get("currency")
    services.check_terms(donation, amount=amount, currency=currency, recurring=recurring)
    services.complete_session(donation, _text(session.get("id")), _text(session.get("subscription")))
    stripe_id = _text(session.get(MONEY_KEY["subscription" if recurring else "payment"]))
    if stripe_id:  # else the invoice will say so itself
        _record(donation, stripe_id, status, event)
    return Outcome.APPLIED


def _record(donation: Donation, stripe_id: str, status: PaymentStatus, event: Event) -> None:
    services.record_payment(donation, stripe_id, status=status, at=event.created_at)
    if donation.case and donation.case.status in (CaseStatus.DRAFT, CaseStatus.CLOSED):
        alarms.sound("gift-for-closed-case", donation.public_id, donation=donation.public_id)


def _mark(carrier: dict[str, Any]) -> str:
    return _text(_dict(carrier.get("metadata")).get(METADATA_KEY))


def _text(value: Any) -> str:
    """A text that any database takes: no NUL, no half of a surrogate pair."""
    return value.encode(errors="replace").decode().replace("\0", "")[:255] if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
