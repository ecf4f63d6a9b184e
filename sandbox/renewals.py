"""Renewals: the next period begins when the driving page says so, and is paid, refused, confirmed or skipped."""

from . import events, invoices, methods, payments, subscriptions
from .errors import InvalidRequest
from .jsons import Json
from .store import Ledger


def renew(ledger: Ledger, subscription_id: str) -> Json:
    """The next period has begun and is paid (by a bank debit: later); an invoice still open is paid instead."""
    subscription, invoice = _due(ledger, subscription_id)
    if invoice is None:
        return subscription
    intent, method = invoices.intent_of(ledger, invoice), _method(ledger, subscription)
    payments.start_charge(ledger, intent, method)
    if not methods.still_allowed(ledger, method):
        return refused(ledger, invoice, payments.DEBIT_FAILED)
    if methods.MEANS[method["type"]].debit:
        payments.announce_pending(ledger, intent)
        return subscription
    return paid(ledger, invoice)


def fail(ledger: Ledger, subscription_id: str) -> Json:
    """The next period has begun, but the charge is refused; the fourth time is the last, and ends the subscription."""
    return _fail(ledger, subscription_id, last=False)


def give_up(ledger: Ledger, subscription_id: str) -> Json:
    """The charge is refused and will not be tried again: the subscription ends."""
    return _fail(ledger, subscription_id, last=True)


def ask(ledger: Ledger, subscription_id: str) -> Json:
    """The next period has begun, but the donor's bank wants her to confirm (3-D Secure) on the invoice's page."""
    subscription, invoice = _due(ledger, subscription_id)
    if invoice is None:
        return subscription
    method = _method(ledger, subscription)
    if method["type"] != "card":
        raise InvalidRequest("Only a card's bank asks for a confirmation.")
    payments.ask(ledger, invoices.intent_of(ledger, invoice), method, invoice["hosted_invoice_url"])
    invoices.count_attempt(ledger, invoice)
    events.record(ledger, "invoice.payment_action_required", invoice)
    events.record(ledger, "invoice.payment_failed", invoice)
    return _with_status(ledger, subscription["id"], "past_due")


def settle(ledger: Ledger, subscription_id: str) -> Json:
    """The pending bank debit of a renewal has arrived."""
    return paid(ledger, _pending(ledger, subscription_id))


def bounce(ledger: Ledger, subscription_id: str) -> Json:
    """The bank sent the debit of a renewal back."""
    return refused(ledger, _pending(ledger, subscription_id), payments.DEBIT_FAILED)


def paid(ledger: Ledger, invoice: Json) -> Json:
    """A subscription's pending charge has been paid."""
    invoices.succeed(ledger, invoice)
    return _with_status(ledger, _subscription_id(invoice), "active")


def refused(ledger: Ledger, invoice: Json, problem: Json, *, last: bool = False) -> Json:
    """A subscription's pending charge has been refused; after the last try the subscription is over."""
    invoices.fail(ledger, invoice, problem, last=last)
    if invoice["next_payment_attempt"] is not None:
        return _with_status(ledger, _subscription_id(invoice), "past_due")
    subscription = ledger.get("subscription", _subscription_id(invoice))
    return subscriptions.end(ledger, subscription, reason="payment_failed")


def _fail(ledger: Ledger, subscription_id: str, *, last: bool) -> Json:
    subscription, invoice = _due(ledger, subscription_id)
    if invoice is None:
        return subscription
    intent, method = invoices.intent_of(ledger, invoice), _method(ledger, subscription)
    payments.start_charge(ledger, intent, method)
    problem = payments.DEBIT_FAILED if methods.MEANS[method["type"]].debit else payments.DECLINED
    return refused(ledger, invoice, problem, last=last)


def _due(ledger: Ledger, subscription_id: str) -> tuple[Json, Json | None]:
    """The subscription and the invoice to be paid now; None where it has ended or is paused."""
    subscription = ledger.get("subscription", subscription_id)
    if subscription["status"] == "canceled":
        raise InvalidRequest("This subscription has been cancelled and cannot be renewed.")
    invoice = ledger.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        if invoices.intent_of(ledger, invoice)["status"] == "processing":
            raise InvalidRequest("A bank debit for this subscription is still pending.")
        return subscription, invoice
    if subscription["cancel_at_period_end"]:
        return subscriptions.end(ledger, subscription, reason="cancellation_requested"), None
    return subscription, _next_invoice(ledger, subscription)


def _next_invoice(ledger: Ledger, subscription: Json) -> Json | None:
    before = ledger.get("subscription", subscription["id"])
    items = subscription["items"]["data"]
    rhythm = items[0]["price"]["recurring"]
    begins = items[0]["current_period_end"]
    period = (begins, subscriptions.period_end(begins, rhythm["interval"], rhythm["interval_count"]))
    for item in items:
        item.update(current_period_start=period[0], current_period_end=period[1])
    paused = _paused(subscription, begins)
    if not paused:
        subscription["pause_collection"] = None
    invoice = invoices.open_invoice(ledger, subscription, reason="subscription_cycle", period=period)
    subscription["latest_invoice"] = invoice["id"]
    subscriptions.announce(ledger, subscription, before)
    if paused:
        invoices.void(ledger, invoice)
    return None if paused else invoice


def _paused(subscription: Json, moment: int) -> bool:
    """Whether nothing is collected then; a pause without an end lasts."""
    pause = subscription["pause_collection"]
    return pause is not None and (pause["resumes_at"] is None or pause["resumes_at"] > moment)


def _pending(ledger: Ledger, subscription_id: str) -> Json:
    subscription = ledger.get("subscription", subscription_id)
    invoice = ledger.get("invoice", subscription["latest_invoice"])
    pending = invoices.intent_of(ledger, invoice)["status"] == "processing"
    if not pending or invoice["billing_reason"] != "subscription_cycle":
        raise InvalidRequest("No bank debit is pending for a renewal of this subscription.")
    return invoice


def _method(ledger: Ledger, subscription: Json) -> Json:
    customer = ledger.get("customer", subscription["customer"])
    chosen = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    if chosen is None:  # in the file of an older sandbox, which kept none
        return methods.new_method(ledger, "card", email=customer["email"], customer_id=customer["id"])
    return ledger.get("payment_method", chosen)


def _subscription_id(invoice: Json) -> str:
    return invoice["parent"]["subscription_details"]["subscription"]


def _with_status(ledger: Ledger, subscription_id: str, status: str) -> Json:
    before = ledger.get("subscription", subscription_id)
    if before["status"] == "canceled":  # its last invoice was paid after all
        return before
    return subscriptions.announce(ledger, {**before, "status": status}, before)
