"""Subscriptions: started by Checkout, renewed on demand, cancelled by either side."""

import calendar
from datetime import UTC, datetime, timedelta

from . import events, invoices, payments
from .errors import InvalidRequest, NoSuchObject
from .jsons import Json
from .shapes import subscriptions as shapes
from .store import Ledger

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def period_end(start: int, interval: str, count: int) -> int:
    """The end of a period that starts then; the 31st becomes the last day of a shorter month."""
    began = datetime.fromtimestamp(start, UTC)
    if interval in DAYS:
        return int((began + timedelta(days=DAYS[interval] * count)).timestamp())
    years, month = divmod(began.month - 1 + MONTHS[interval] * count, 12)
    last_day = calendar.monthrange(began.year + years, month + 1)[1]
    ended = began.replace(year=began.year + years, month=month + 1, day=min(began.day, last_day))
    return int(ended.timestamp())


def start(ledger: Ledger, session: Json, *, lines: list[Json], wishes: Json, intent: Json) -> Json:
    """A new subscription with its first, open invoice, to be paid by the intent; announces neither."""
    rhythm = lines[0]["price"]["recurring"]
    period = (ledger.now, period_end(ledger.now, rhythm["interval"], rhythm["interval_count"]))
    subscription = ledger.save(shapes.subscription(session, lines, period=period, wishes=wishes, now=ledger.now))
    invoice = invoices.open_invoice(ledger, subscription, reason="subscription_create", period=period, intent=intent)
    subscription["latest_invoice"] = invoice["id"]
    return ledger.save(subscription)


def renew(ledger: Ledger, subscription_id: str) -> Json:
    """The next period has begun and is paid; an invoice still open from a failed renewal is paid instead."""
    subscription, invoice, before = _charge_next(ledger, subscription_id)
    invoices.succeed(ledger, invoice)
    subscription["status"] = "active"
    return _announce_update(ledger, subscription, before)


def fail_renewal(ledger: Ledger, subscription_id: str) -> Json:
    """The next period has begun, but the charge is refused: the subscription is past due."""
    subscription, invoice, before = _charge_next(ledger, subscription_id)
    invoices.fail(ledger, invoice, payments.DECLINED)
    return mark_past_due(ledger, subscription, before)


def mark_past_due(ledger: Ledger, subscription: Json, before: Json) -> Json:
    """A charge was refused; `before` is the subscription as it was."""
    subscription["status"] = "past_due"
    return _announce_update(ledger, subscription, before)


def cancel(ledger: Ledger, subscription_id: str, details: Json | None = None) -> Json:
    """End it now, for the given comment and feedback; one that has ended raises NoSuchObject, as in Stripe."""
    subscription = ledger.get("subscription", subscription_id)
    if subscription["status"] == "canceled":
        raise NoSuchObject("subscription", subscription_id)
    subscription.update(status="canceled", canceled_at=ledger.now, ended_at=ledger.now)
    subscription["cancellation_details"].update(details or {}, reason="cancellation_requested")
    events.record(ledger, "customer.subscription.deleted", ledger.save(subscription))
    return subscription


def _charge_next(ledger: Ledger, subscription_id: str) -> tuple[Json, Json, Json]:
    subscription = ledger.get("subscription", subscription_id)
    if subscription["status"] == "canceled":
        raise InvalidRequest("This subscription has been cancelled and cannot be renewed.")
    before = ledger.get("subscription", subscription_id)
    invoice = ledger.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "paid":
        invoice = _next_invoice(ledger, subscription)
    intent = invoices.intent_of(ledger, invoice)
    if intent["status"] == "processing":
        raise InvalidRequest("A bank debit for this subscription is still pending.")
    customer = ledger.get("customer", subscription["customer"])
    payments.start_charge(ledger, intent, method="card", email=customer["email"])
    return subscription, invoice, before


def _next_invoice(ledger: Ledger, subscription: Json) -> Json:
    items = subscription["items"]["data"]
    rhythm = items[0]["price"]["recurring"]
    begins = items[0]["current_period_end"]
    period = (begins, period_end(begins, rhythm["interval"], rhythm["interval_count"]))
    for item in items:
        item.update(current_period_start=period[0], current_period_end=period[1])
    invoice = invoices.open_invoice(ledger, subscription, reason="subscription_cycle", period=period)
    subscription["latest_invoice"] = invoice["id"]
    return invoice


def _announce_update(ledger: Ledger, subscription: Json, before: Json) -> Json:
    ledger.save(subscription)
    changed = {name: old for name, old in before.items() if subscription[name] != old}
    if changed:
        events.record(ledger, "customer.subscription.updated", subscription, changed)
    return subscription
