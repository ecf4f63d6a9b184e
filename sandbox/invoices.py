"""Invoices: one for each period of a subscription, each with one PaymentIntent."""

from . import events, payments
from .jsons import Json
from .shapes import invoices as shapes
from .shapes import listing
from .shapes import payments as payment_shapes
from .store import Ledger

DAY = 24 * 60 * 60
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)  # after the first, second and third failure; the fourth is the last
DESCRIPTIONS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "manual": "Payment for Invoice",
}


def open_invoice(
    ledger: Ledger, subscription: Json, *, reason: str, period: tuple[int, int], intent: Json | None = None
) -> Json:
    """An unpaid invoice for the period, with the intent that is to pay it (a new one where none is given)."""
    lines = [shapes.subscription_line(subscription, item, period) for item in subscription["items"]["data"]]
    return bill(ledger, subscription["customer"], lines, reason=reason, of=subscription, intent=intent)


def bill(
    ledger: Ledger, customer_id: str, lines: list[Json], *, reason: str, of: Json | None, intent: Json | None = None
) -> Json:
    """An unpaid invoice over some lines, of a subscription or of none."""
    customer = ledger.get("customer", customer_id)
    parent = shapes.parent(of) if of else None
    invoice = ledger.save(
        shapes.invoice(customer, lines, reason=reason, parent=parent, base_url=ledger.base_url, now=ledger.now)
    )
    _expect(ledger, invoice, intent)
    return invoice


def draft(ledger: Ledger, customer: Json, items: list[Json], wishes: Json) -> Json:
    """A draft over some invoice items."""
    lines = [shapes.item_line(item) for item in items]
    made = shapes.invoice(customer, lines, reason="manual", parent=None, base_url=ledger.base_url, now=ledger.now)
    made.update(
        status="draft", effective_at=None, number=None, hosted_invoice_url=None, description=wishes.get("description")
    )
    made["status_transitions"]["finalized_at"] = None
    made["metadata"] = wishes.get("metadata", {})
    events.record(ledger, "invoice.created", ledger.save(made))
    for item in items:
        ledger.save({**item, "invoice": made["id"]})
    return made


def finalize(ledger: Ledger, invoice: Json) -> None:
    """A draft becomes a bill."""
    address = shapes.address(ledger.base_url, invoice["id"])
    invoice.update(
        status="open", effective_at=ledger.now, number=shapes.number(invoice["id"]), hosted_invoice_url=address
    )
    invoice["status_transitions"]["finalized_at"] = ledger.now
    _expect(ledger, ledger.save(invoice), None)
    events.record(ledger, "invoice.finalized", invoice)


def _expect(ledger: Ledger, invoice: Json, intent: Json | None) -> None:
    if intent is None:
        wishes = {"description": DESCRIPTIONS[invoice["billing_reason"]]}
        made = payment_shapes.intent(
            invoice["amount_due"], invoice["currency"], customer_id=invoice["customer"], wishes=wishes, now=ledger.now
        )
        intent = ledger.save(made)
    payment = ledger.save(shapes.invoice_payment(invoice, intent["id"], ledger.now))
    _remember(ledger, invoice, payment)


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
    events.record(ledger, "invoice.payment_succeeded", invoice)
    events.record(ledger, "invoice_payment.paid", payment)


def fail(ledger: Ledger, invoice: Json, problem: Json, *, last: bool = False) -> None:
    """The invoice's pending charge has been refused; it stays open, and is to be tried again unless it was the last try."""
    payments.fail(ledger, intent_of(ledger, invoice), problem)
    count_attempt(ledger, invoice, last=last)
    events.record(ledger, "invoice.payment_failed", invoice)


def count_attempt(ledger: Ledger, invoice: Json, *, last: bool = False) -> None:
    """One try more came to nothing."""
    tries = invoice["attempt_count"] + 1
    retry = None if last or tries > len(RETRIES) else ledger.now + RETRIES[tries - 1]
    invoice.update(attempted=True, attempt_count=tries, next_payment_attempt=retry)
    ledger.save(invoice)


def void(ledger: Ledger, invoice: Json) -> None:
    """Nobody has to pay it."""
    payments.cancel(ledger, intent_of(ledger, invoice))
    payment = _payment_of(ledger, invoice)
    payment["status"] = "canceled"
    payment["status_transitions"]["canceled_at"] = ledger.now
    ledger.save(payment)
    invoice.update(status="void", auto_advance=False, next_payment_attempt=None)
    invoice["status_transitions"]["voided_at"] = ledger.now
    _remember(ledger, invoice, payment)
    events.record(ledger, "invoice.voided", ledger.save(invoice))


def _payment_of(ledger: Ledger, invoice: Json) -> Json:
    return ledger.get("invoice_payment", ledger.hidden(invoice["id"])["payment"])


def _remember(ledger: Ledger, invoice: Json, payment: Json) -> None:
    payments_list = listing([payment], f"/v1/invoice_payments?invoice={invoice['id']}")
    ledger.hide(invoice["id"], payment=payment["id"], expandable={"payments": payments_list})
