"""Payments that a program makes without a page: each means of payment does what its name promises."""

from collections.abc import Callable

from . import disputes, events, invoices, methods, paying, payments, subscriptions
from .errors import CardError, InvalidRequest
from .jsons import Json
from .known_cards import BOUNCE, DECLINE, DISPUTE, INQUIRE, SETTLE, behaviour_of
from .store import Ledger

LATER: dict[str, Callable[[Ledger, Json], object]] = {
    DISPUTE: lambda ledger, intent: disputes.open_(ledger, intent["latest_charge"]),
    INQUIRE: lambda ledger, intent: disputes.inquire(ledger, intent["latest_charge"]),
    SETTLE: lambda ledger, intent: payments.succeed(ledger, intent),
    BOUNCE: lambda ledger, intent: payments.fail(ledger, intent, payments.DEBIT_FAILED),
}
SESSION_LATER: dict[str, Callable[[Ledger, str], object]] = {SETTLE: paying.settle, BOUNCE: paying.fail_debit}


def confirm(ledger: Ledger, intent: Json, method: Json) -> Json:
    """Charge a PaymentIntent; raises CardError, and what has happened until then stays."""
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise InvalidRequest(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    behaviour = behaviour_of(ledger, method)
    payments.start_charge(ledger, intent, method)
    if behaviour == DECLINE:
        raise _declined(payments.fail(ledger, intent, payments.DECLINED), intent)
    if methods.MEANS[method["type"]].debit:
        payments.announce_pending(ledger, intent)
    else:
        payments.succeed(ledger, intent)
    if behaviour in LATER:
        LATER[behaviour](ledger, intent)
    return ledger.get("payment_intent", intent["id"])


def confirm_page(ledger: Ledger, session_id: str, method: Json, expected: int | None) -> Json:
    """Pay a Checkout Session as its page would; raises CardError."""
    session = ledger.get("checkout.session", session_id)
    if expected is not None and expected != session["amount_total"]:
        raise InvalidRequest("The expected amount is not the session's.", param="expected_amount")
    if method["type"] not in session["payment_method_types"]:
        raise InvalidRequest(f"This Checkout Session does not offer {method['type']}.", param="payment_method")
    session, intent = paying.begin(ledger, session, email=method["billing_details"]["email"])
    behaviour = behaviour_of(ledger, method)
    if behaviour == DECLINE:
        paying.decline_with(ledger, session, intent, method)
        raise _declined(ledger.get("charge", intent["latest_charge"]), intent)
    if not methods.MEANS[method["type"]].debit:
        return paying.pay_with(ledger, session, intent, method)
    session = paying.debit_with(ledger, session, intent, method)
    if behaviour in SESSION_LATER:
        SESSION_LATER[behaviour](ledger, session_id)
    return ledger.get("checkout.session", session_id)


def pay_invoice(ledger: Ledger, invoice_id: str, method: Json) -> Json:
    """Pay an invoice that belongs to no subscription; raises CardError."""
    invoice = ledger.get("invoice", invoice_id)
    if invoice["status"] == "draft":
        invoices.finalize(ledger, invoice)
    if invoice["status"] != "open":
        raise InvalidRequest(f"Invoice is already {invoice['status']}")
    intent = invoices.intent_of(ledger, invoice)
    payments.start_charge(ledger, intent, method)
    if behaviour_of(ledger, method) == DECLINE:
        invoices.fail(ledger, invoice, payments.DECLINED)
        intent = invoices.intent_of(ledger, invoice)
        raise _declined(ledger.get("charge", intent["latest_charge"]), intent)
    invoices.succeed(ledger, invoice)
    return invoice


def subscribe(ledger: Ledger, customer: Json, lines: list[Json], wishes: Json, method: Json) -> Json:
    """A subscription whose first invoice is paid at once; raises CardError, and then there is none."""
    if behaviour_of(ledger, method) == DECLINE:
        raise CardError(payments.DECLINED)
    subscription = subscriptions.start(ledger, customer["id"], lines=lines, wishes=wishes, intent=None)
    events.record(ledger, "customer.subscription.created", subscription)
    invoice = ledger.get("invoice", subscription["latest_invoice"])
    payments.start_charge(ledger, invoices.intent_of(ledger, invoice), method)
    invoices.succeed(ledger, invoice)
    return subscription


def _declined(charge: Json, intent: Json) -> CardError:
    return CardError({**payments.DECLINED, "charge": charge["id"]}, intent)
