"""What Stripe's events about subscriptions and their failed payments do."""

from typing import Any

from donations import lookup, reading, services
from donations.models import Outcome, PaymentStatus
from donations.stripe_gateway import Event
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import SubscriptionStatus

STATUSES = {
    "incomplete": SubscriptionStatus.INCOMPLETE, "trialing": SubscriptionStatus.ACTIVE, "active": SubscriptionStatus.ACTIVE,
    "past_due": SubscriptionStatus.PAST_DUE, "unpaid": SubscriptionStatus.PAST_DUE, "paused": SubscriptionStatus.PAUSED,
    "canceled": SubscriptionStatus.CANCELED, "incomplete_expired": SubscriptionStatus.CANCELED,
}  # fmt: skip


def subscription_changed(event: Event) -> Outcome:
    """A recurring gift began, changed, failed to be paid, was paused, or ended."""
    reported = read(event.subject)
    if reported is None:
        return Outcome.IGNORED
    donation = lookup.donation_of(reading.reference(event.subject))
    if donation.subscription_id is None:
        services.bind_subscription(donation, reported.id)
    subscriptions.record(reported, at=event.created_at)
    return Outcome.APPLIED


def invoice_failed(event: Event) -> Outcome:
    """A payment of a recurring gift was refused; Stripe tries again, and the donor can help."""
    return _unpaid(event, PaymentStatus.FAILED)


def invoice_action_required(event: Event) -> Outcome:
    """The donor's bank wants them to confirm a payment themselves (3-D Secure)."""
    return _unpaid(event, PaymentStatus.PENDING)


def read(subscription: dict[str, Any]) -> subscriptions.Reported | None:
    """A subscription object of Stripe's; None in a status that we do not know. Raises OtherTerms."""
    status = STATUSES.get(reading.text(subscription.get("status")))
    lines = reading.items(subscription.get("items"))
    if status is None or len(lines) != 1:
        return None
    pause, price = reading.mapping(subscription.get("pause_collection")), reading.mapping(lines[0].get("price"))
    if pause and status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE):
        status = SubscriptionStatus.PAUSED
    return subscriptions.Reported(
        id=reading.text(subscription.get("id")),
        customer_id=reading.text(subscription.get("customer")),
        status=status,
        amount=reading.money(price.get("unit_amount"), price.get("currency")).minor,
        period_end=reading.moment(lines[0].get("current_period_end")),
        resumes_at=reading.moment(pause.get("resumes_at")),
        why=reading.text(reading.mapping(subscription.get("cancellation_details")).get("reason")),
    )


def _unpaid(event: Event, status: PaymentStatus) -> Outcome:
    invoice = event.subject
    reference = reading.reference(invoice)
    donation = lookup.donation_of(reference)
    amount, currency = invoice.get("amount_due"), invoice.get("currency")
    money = services.check_terms(donation, amount=amount, currency=currency, recurring=True)
    if donation.subscription_id is None:
        services.bind_subscription(donation, reference.stripe_id)
    trouble = services.Trouble(
        attempts=reading.count(invoice.get("attempt_count")),
        retry_at=reading.moment(invoice.get("next_payment_attempt")),
        action_url=reading.text(invoice.get("hosted_invoice_url")),
        renewal=invoice.get("billing_reason") != "subscription_create",  # of the first the payment page tells
    )
    invoice_id = reading.text(invoice.get("id"))
    services.record_payment(donation, invoice_id, status=status, at=event.created_at, money=money, trouble=trouble)
    return Outcome.APPLIED
