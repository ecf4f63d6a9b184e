"""What Stripe's events about refunds and disputes do."""

from typing import Any

from core import alarms, clock
from core.money import AmountError, Money, UnknownCurrency, from_stripe
from donations import reading, services
from donations.models import Outcome
from donations.reversals import requests
from donations.reversals import services as reversals
from donations.reversals.models import DisputeStatus
from donations.stripe_gateway import Event

DISPUTES = {
    **dict.fromkeys(("warning_needs_response", "warning_under_review", "warning_closed"), DisputeStatus.INQUIRY),
    **dict.fromkeys(("needs_response", "under_review"), DisputeStatus.OPEN),
    "won": DisputeStatus.WON, "prevented": DisputeStatus.WON, "lost": DisputeStatus.LOST,
}  # fmt: skip


def refund_changed(event: Event) -> Outcome:
    """A refund was made, came through, or failed. `charge.refunded` says the same of the charge, and is not needed."""
    refund = event.subject
    status, intent = (
        requests.STATUSES.get(reading.text(refund.get("status"))),
        reading.text(refund.get("payment_intent")),
    )
    if status is None or not intent:
        return Outcome.IGNORED
    money = _in_its_currency(intent, reading.money(refund.get("amount"), refund.get("currency")))
    reversals.record_refund(reading.text(refund.get("id")), intent, money, status, at=event.created_at)
    if request := requests.request_of(refund):
        requests.made(request, reading.text(refund.get("id")))
    return _known(intent)


def dispute_changed(event: Event) -> Outcome:
    """A donor's bank contests a payment, took its money, gave it back, or has decided."""
    dispute = event.subject
    status, intent = DISPUTES.get(reading.text(dispute.get("status"))), reading.text(dispute.get("payment_intent"))
    if status is None or not intent:
        return Outcome.IGNORED
    money = _in_its_currency(intent, reading.money(dispute.get("amount"), dispute.get("currency")))
    due_at = reading.moment(reading.mapping(dispute.get("evidence_details")).get("due_by"))
    contested = reversals.Contested(
        reading.text(dispute.get("id")), intent, money, status, reading.text(dispute.get("reason")),
        _fee(dispute.get("balance_transactions")), due_at,
    )  # fmt: skip
    reversals.record_dispute(contested, at=event.created_at)
    until = clock.in_zone(due_at, "UTC") if due_at else ""
    told = {"reason": contested.reason, "amount": money.text(), "answer_until": until}
    alarms.sound("dispute", contested.id, dispute=contested.id, **told)
    return _known(intent)


def _in_its_currency(payment_intent: str, money: Money) -> Money:
    """The money, if it is of the payment's own currency, or that is not known yet. Raises OtherTerms."""
    payment = services.find_payment(payment_intent)
    if payment and payment.currency != money.currency:
        raise services.OtherTerms(f"{money.currency} of a payment in {payment.currency}")
    return money


def _known(payment_intent: str) -> Outcome:
    """Kept also where the payment is not known: its own event may still be on the way."""
    return Outcome.APPLIED if services.find_payment(payment_intent) else Outcome.UNMATCHED


def _fee(transactions: Any) -> Money | None:
    """What the dispute's balance transactions cost together; None where nothing, or in no currency of ours."""
    costs = [one for one in reading.items(transactions) if one.get("fee")]
    try:
        return (
            from_stripe(sum(int(one["fee"]) for one in costs), reading.text(costs[0].get("currency")))
            if costs
            else None
        )
    except (TypeError, ValueError, UnknownCurrency, AmountError):
        return None
