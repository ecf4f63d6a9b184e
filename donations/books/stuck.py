"""What waits for news that should have come by now: Stripe is asked, and our rows are brought to where it says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from core import clock
from core.db import db
from donations import handlers, lookup, reading, services, stripe_gateway
from donations.books.comparison import Difference
from donations.checkout_services import SESSION_LIFE
from donations.models import Donation, Payment, PaymentStatus, SessionState
from donations.reversals import requests
from donations.reversals.models import RefundRequest, RequestState
from donations.stripe_gateway import Event, StripeRefused
from donations.subscriptions import handlers as subscription_handlers
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import Subscription, SubscriptionStatus

PENDING_LONG = timedelta(days=14)
OVERDUE = timedelta(days=3)
Ask = Callable[[str, "Unstuck"], None]
INVOICES = {"paid": "invoice.paid", "open": "invoice.payment_failed"}


@dataclass
class Unstuck:
    """How many rows were asked about, what could not be set right, and what only waits long."""

    asked: int = 0
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run() -> Unstuck:
    """Asks about every one; each in a commit of its own, and one that fails stops no other. Raises StripeAway."""
    report, now = Unstuck(), clock.now()
    _expire_unopened(now)
    open_ = (Donation.session_state == SessionState.OPEN, Donation.session_expires_at < now)
    overdue = (Subscription.status != SubscriptionStatus.CANCELED, Subscription.period_end < now - OVERDUE)
    work: list[tuple[Ask, str]] = [(_session, name) for name in _names(select(Donation.session_id).where(*open_))]
    work += [(_refund, name) for name in _names(select(RefundRequest.public_id).where(_asked(now)))]
    work += [(_subscription, name) for name in _names(select(Subscription.id).where(*overdue))]
    db.session.rollback()  # no connection is held while Stripe thinks
    for ask, name in work:
        report.asked += 1
        try:
            ask(name, report)
            db.session.commit()
        except (lookup.UnmatchedPayment, services.OtherTerms) as error:
            db.session.rollback()
            sentence = _("Stripe's answer about %(id)s fits no gift here: %(why)s.", id=name, why=str(error) or "?")
            report.differences.append(Difference("stuck", name, sentence))
        except StripeRefused as error:
            db.session.rollback()
            sentence = _("Stripe does not answer about %(id)s: %(why)s", id=name, why=str(error))
            report.differences.append(Difference("stuck", name, sentence))
    report.notes += [_pending(payment) for payment in _long_pending(now)]
    return report


def _asked(now: datetime) -> Any:
    return (RefundRequest.state == RequestState.ASKED) & (RefundRequest.created_at < now - requests.SENT_BY_VIEW)


def _names(query: Any) -> list[str]:
    return sorted(db.session.scalars(query))


def _expire_unopened(now: datetime) -> None:
    """Of a session that was never opened, or whose address never reached us, nobody has been sent to the page."""
    old = (Donation.session_state == SessionState.NEW, Donation.created_at < now - SESSION_LIFE)
    db.session.execute(update(Donation).where(*old).values(session_state=SessionState.EXPIRED))
    db.session.commit()


def _session(session_id: str, report: Unstuck) -> None:
    session = stripe_gateway.ask(lambda v1: v1.checkout.sessions.retrieve(session_id), patiently=True)
    if session.get("status") == "expired":
        handlers.session_expired(_event("checkout.session.expired", session))
    elif session.get("status") == "complete":
        handlers.session_settled(_event("checkout.session.completed", session))


def _refund(public_id: str, report: Unstuck) -> None:
    if requests.send(public_id, patiently=True) == RequestState.REFUSED:
        report.notes.append(_("Stripe refused the refund that was asked for as %(id)s.", id=public_id))


def _subscription(subscription_id: str, report: Unstuck) -> None:
    """A renewal is overdue: where the subscription stands, and its last invoice."""
    at = clock.now()
    subscription = stripe_gateway.ask(lambda v1: v1.subscriptions.retrieve(subscription_id), patiently=True)
    invoice_id = reading.text(subscription.get("latest_invoice"))
    invoice, payments = _invoice(invoice_id) if invoice_id else ({}, [])
    reported = subscription_handlers.read(subscription)
    if reported is not None:
        subscriptions.record(reported, at=at)
    kind = INVOICES.get(reading.text(invoice.get("status")))
    if kind and (invoice.get("attempted") or invoice["status"] == "paid"):
        handlers.HANDLERS[kind](_event(kind, invoice))
    for payment in payments:
        handlers.invoice_payment_paid(_event("invoice_payment.paid", payment))


def _invoice(invoice_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    invoice = stripe_gateway.ask(lambda v1: v1.invoices.retrieve(invoice_id), patiently=True)
    asked = {"invoice": invoice_id, "status": "paid"}
    return invoice, list(stripe_gateway.each(lambda v1: v1.invoice_payments.list(asked)))


def _event(kind: str, subject: dict[str, Any]) -> Event:
    """An answer of Stripe's as its event would bring it; it is recorded under no id."""
    return Event("", kind, subject, _when(subject))


def _when(subject: dict[str, Any]) -> datetime:
    paid_at = reading.mapping(subject.get("status_transitions")).get("paid_at")
    return reading.moment(paid_at or subject.get("created")) or clock.now()


def _long_pending(now: datetime) -> list[Payment]:
    old = (Payment.status == PaymentStatus.PENDING, Payment.created_at < now - PENDING_LONG)
    return list(db.session.scalars(select(Payment).where(*old).order_by(Payment.id)))


def _pending(payment: Payment) -> str:
    return _(
        "The payment %(id)s has been pending since %(day)s: look it up in Stripe.",
        id=payment.stripe_id, day=payment.created_at.date().isoformat(),
    )  # fmt: skip
