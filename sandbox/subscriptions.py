"""Subscriptions: started by Checkout or by the API, changed and ended by either side. Renewing has its own module."""

import calendar
from datetime import UTC, datetime, timedelta

from . import events, invoices
from .errors import NoSuchObject
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


def start(ledger: Ledger, customer_id: str, *, lines: list[Json], wishes: Json, intent: Json | None) -> Json:
    """A new subscription with its first, open invoice, to be paid by the intent; announces neither."""
    rhythm = lines[0]["price"]["recurring"]
    period = (ledger.now, period_end(ledger.now, rhythm["interval"], rhythm["interval_count"]))
    if intent:
        wishes = {**wishes, "default_payment_method": intent["payment_method"]}
    subscription = ledger.save(shapes.subscription(customer_id, lines, period=period, wishes=wishes, now=ledger.now))
    invoice = invoices.open_invoice(ledger, subscription, reason="subscription_create", period=period, intent=intent)
    subscription["latest_invoice"] = invoice["id"]
    return ledger.save(subscription)


def cancel(ledger: Ledger, subscription_id: str, details: Json | None = None) -> Json:
    """End it now, for the given comment and feedback; one that has ended raises NoSuchObject, as in Stripe."""
    subscription = ledger.get("subscription", subscription_id)
    if subscription["status"] == "canceled":
        raise NoSuchObject("subscription", subscription_id)
    subscription["cancellation_details"].update(details or {})
    return end(ledger, subscription, reason="cancellation_requested")


def end(ledger: Ledger, subscription: Json, *, reason: str) -> Json:
    """It is over, because somebody wanted it or because nobody paid."""
    subscription.update(status="canceled", canceled_at=subscription["canceled_at"] or ledger.now, ended_at=ledger.now)
    subscription["cancellation_details"]["reason"] = reason
    events.record(ledger, "customer.subscription.deleted", ledger.save(subscription))
    return subscription


def announce(ledger: Ledger, subscription: Json, before: Json) -> Json:
    """Write it as it now is, and tell what was otherwise in `before`."""
    ledger.save(subscription)
    changed = {name: old for name, old in before.items() if subscription[name] != old}
    if changed:
        events.record(ledger, "customer.subscription.updated", subscription, changed)
    return subscription
