"""Invoices: one for each period of a subscription, each with one PaymentIntent."""

from . import events, payments
from .jsons import Json
from .shapes import invoices as shapes
from .shapes import listing
from .shapes import payments as payment_shapes
from .store import Ledger

RETRY_AFTER = 3 * 24 * 60 * 60
DESCRIPTIONS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
}


def open_invoice(
    ledger: Ledger, subscription: Json, *, reason: str, period: tuple[int, int], intent: Json | None = None
) -> Json:
    """An unpaid invoice for the period, with the intent that is to pay it (a new one where none is given)."""
    customer = ledger.get("customer", subscription["customer"])
    invoice = ledger.save(
        shapes.invoice(subscription, email=customer["email"], reason=reason, period=period, now=ledger.now)
    )
    if intent is None:
        intent = ledger.save(
            payment_shapes.intent(
                invoice["amount_due"],
                invoice["currency"],
                customer_id=customer["id"],
                wishes={"description": DESCRIPTIONS[reason]},
                now=ledger.now,
            )
        )
    payment = ledger.save(shapes.invoice_payment(invoice, intent["id"], ledger.now))
    _remember(ledger, invoice, payment)
    return invoice


def intent_of(ledger: Ledger, invoice: Json) -> Json:
    """The PaymentIntent of an invoice."""
    payment = _payment_of(ledger, invoice)
    return ledger.get("payment_intent", payment["payment"]["payment_intent"])


def succeed(ledger: Ledger, invoice: Json) -> None:
    """The invoice's pending charge has been paid."""
    payments.succeed(ledger, intent_of(ledger, invoice))
    total, payment = invoice["amount_due"], _payment_of(ledger, invoice)
    invoice.update(
        status="paid",
        amount_paid=total,
        amount_remaining=0,
        attempted=True,
        attempt_count=invoice["attempt_count"] + 1,
        auto_advance=False,
        next_payment_attempt=None,
    )
    invoice["status_transitions"]["paid_at"] = ledger.now
    payment.update(status="paid", amount_paid=total)
    payment["status_transitions"]["paid_at"] = ledger.now
    ledger.save(invoice)
    ledger.save(payment)
    _remember(ledger, invoice, payment)
    events.record(ledger, "invoice.paid", invoice)
    events.record(ledger, "invoice_payment.paid", payment)


def fail(ledger: Ledger, invoice: Json, problem: Json) -> None:
    """The invoice's pending charge has been refused; it stays open and is to be tried again."""
    payments.fail(ledger, intent_of(ledger, invoice), problem)
    invoice.update(
        attempted=True,
        attempt_count=invoice["attempt_count"] + 1,
        next_payment_attempt=ledger.now + RETRY_AFTER,
    )
    events.record(ledger, "invoice.payment_failed", ledger.save(invoice))


def _payment_of(ledger: Ledger, invoice: Json) -> Json:
    return ledger.get("invoice_payment", ledger.hidden(invoice["id"])["payment"])


def _remember(ledger: Ledger, invoice: Json, payment: Json) -> None:
    payments_list = listing([payment], f"/v1/invoice_payments?invoice={invoice['id']}")
    ledger.hide(invoice["id"], payment=payment["id"], expandable={"payments": payments_list})
