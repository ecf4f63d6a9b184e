"""Asks Stripe about what one side knows and the other does not, before it is called a difference.

So the edge of the window does no harm: a bank debit that was taken before it and arrived in it has its movement before it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.db import db
from core.money import Money
from donations import reading, services, stripe_gateway
from donations.books import categories, keeping, lookup
from donations.books.comparison import Difference
from donations.books.models import BalanceTransaction
from donations.books.sentences import missing
from donations.reversals import services as reversals
from donations.reversals.models import RefundStatus

Call = Callable[[Any], Any]


def chase(since: datetime) -> set[str]:
    """Keeps the movements that our rows speak of and the list did not bring; their ids. Commits."""
    intents = [reversals.intents_of(payment) for payment in lookup.unseen_payments(since)]
    refunds = [refund.id for refund in lookup.unseen_refunds(since)]
    disputes = [dispute.id for dispute in lookup.unseen_disputes(since)]
    db.session.rollback()  # no connection is held while Stripe thinks
    found = [movement for names in intents for movement in _of_payment(names)]
    found += [movement for refund in refunds for movement in _of_refund(refund)]
    found += [movement for dispute in disputes for movement in _of_dispute(dispute)]
    kept = {keeping.keep_transaction(movement) for movement in found}
    db.session.commit()
    return kept


def tie_renewals(lines: list[BalanceTransaction]) -> None:
    """Learns which invoice a payment was for, where no gift knows its PaymentIntent. Commits."""
    charges = {line.payment_intent for line in lines if line.category in categories.GROSS and line.payment_intent}
    unknown = [intent for intent in sorted(charges) if services.find_payment(intent) is None]
    db.session.rollback()
    for intent in unknown:
        asked = {"payment": {"type": "payment_intent", "payment_intent": intent}}
        for one in _list(lambda v1, asked=asked: v1.invoice_payments.list(asked)):  # type: ignore[misc]
            services.record_invoice_payment(reading.text(one.get("invoice")), intent)
            db.session.commit()


def still_missing(since: datetime) -> list[Difference]:
    """What our rows say was moved, and Stripe has no movement of. A refund under way may have none yet."""
    found = [missing("payment", payment.stripe_id, payment.money) for payment in lookup.unseen_payments(since)]
    refunds = [refund for refund in lookup.unseen_refunds(since) if refund.status != RefundStatus.PENDING]
    found += [missing("refund", row.id, Money(row.amount, row.currency)) for row in refunds]
    disputes = lookup.unseen_disputes(since)
    return found + [missing("dispute", row.id, Money(row.amount, row.currency)) for row in disputes]


def _of_payment(names: list[str]) -> list[dict[str, Any]]:
    intents = [name for name in names if name.startswith("pi_")] or _intents_of_invoice(names[0])
    wanted = {"expand": ["latest_charge.balance_transaction"]}
    found = []
    for intent in intents:
        answer = _ask(lambda v1, intent=intent: v1.payment_intents.retrieve(intent, wanted))  # type: ignore[misc]
        charge = reading.mapping(answer.get("latest_charge"))
        found.append(_movement(charge.get("balance_transaction"), charge))
    return [movement for movement in found if movement]


def _intents_of_invoice(invoice: str) -> list[str]:
    asked = {"invoice": invoice}
    payments = [reading.mapping(one.get("payment")) for one in _list(lambda v1: v1.invoice_payments.list(asked))]
    intents = [intent for payment in payments if (intent := reading.text(payment.get("payment_intent")))]
    for intent in intents:
        services.record_invoice_payment(invoice, intent)
    db.session.commit()
    return intents


def _of_refund(refund: str) -> list[dict[str, Any]]:
    answer = _ask(lambda v1: v1.refunds.retrieve(refund, {"expand": ["balance_transaction"]}))
    movement = _movement(answer.get("balance_transaction"), answer)
    return [movement] if movement else []


def _of_dispute(dispute: str) -> list[dict[str, Any]]:
    answer = _ask(lambda v1: v1.disputes.retrieve(dispute))
    return [{**one, "source": answer} for one in reading.items(answer.get("balance_transactions"))]


def _movement(stated: Any, source: dict[str, Any]) -> dict[str, Any] | None:
    return {**stated, "source": source} if isinstance(stated, dict) else None


def _ask(call: Call) -> dict[str, Any]:
    """Stripe's answer; nothing where it says that there is no such thing."""
    try:
        return stripe_gateway.ask(call, patiently=True)
    except stripe_gateway.StripeRefused:
        return {}


def _list(call: Call) -> list[dict[str, Any]]:
    try:
        return list(stripe_gateway.each(call))
    except stripe_gateway.StripeRefused:
        return []
