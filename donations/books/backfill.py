"""Events that never arrived: Stripe lists those of the last 30 days, and they are applied as the webhook would."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select

from core import clock
from core.db import db, trace
from donations import handlers, stripe_gateway
from donations.books.comparison import Difference
from donations.books.sentences import failed_event
from donations.models import Outcome, StripeEvent
from donations.stripe_gateway import API_VERSION, Event

log = logging.getLogger(__name__)

STRIPE_KEEPS = timedelta(days=30)
AT_ONCE = timedelta(days=1)  # bodies held in memory
MOST_TYPES = 20  # that Stripe takes in one question
PAGE = 100
SHOWN: dict[str, Callable[[Any], Any]] = {
    "checkout.session": lambda v1: v1.checkout.sessions, "invoice": lambda v1: v1.invoices,
    "invoice_payment": lambda v1: v1.invoice_payments, "subscription": lambda v1: v1.subscriptions,
    "refund": lambda v1: v1.refunds, "dispute": lambda v1: v1.disputes,
    "radar.early_fraud_warning": lambda v1: v1.radar.early_fraud_warnings, "payment_intent": lambda v1: v1.payment_intents,
}  # fmt: skip


@dataclass
class Backfill:
    """seen: events that Stripe listed; applied: those that were new here."""

    seen: int = 0
    applied: int = 0
    failed: list[Difference] = field(default_factory=list)


def run(since: datetime) -> Backfill:
    """Applies what is missing since then, oldest first, each in a commit of its own; one that fails stops no other.

    Raises a CheckoutError."""
    report, now = Backfill(), clock.now()
    start = max(since, now - STRIPE_KEEPS)
    while start <= now:
        for event in _listed(start, start + AT_ONCE):
            report.seen += 1
            if not _known(str(event.get("id"))):
                _apply(event, report)
        start += AT_ONCE
    return report


def _listed(start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """A day's events, oldest first; Stripe lists the newest first."""
    types = sorted(handlers.HANDLERS)
    found: list[dict[str, Any]] = []
    for some in range(0, len(types), MOST_TYPES):
        asked = {
            "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
            "types": types[some : some + MOST_TYPES], "limit": PAGE,
        }  # fmt: skip
        found += stripe_gateway.each(lambda v1, asked=asked: v1.events.list(asked))  # type: ignore[misc]
    return iter(sorted(reversed(found), key=lambda event: event["created"]))


def in_our_version(event: Event) -> Event:
    """The event with its object as Stripe shows it now in our version; as it is where it is in ours, or Stripe shows none.

    Stripe lists an event in the version that the account had when it was made, whatever the endpoint's is."""
    kind, object_id = str(event.subject.get("object")), str(event.subject.get("id"))
    if event.api_version == API_VERSION or kind not in SHOWN:
        return event
    db.session.rollback()  # no connection is held while Stripe thinks
    try:
        shown = stripe_gateway.ask(lambda v1: SHOWN[kind](v1).retrieve(object_id), patiently=True)
    except stripe_gateway.StripeRefused:
        return event
    return replace(event, subject=shown, api_version=API_VERSION)


def _known(event_id: str) -> bool:
    """Whether nothing is left to do of an event; one that was set aside for its version alone is looked at again."""
    known = select(StripeEvent.id).where(StripeEvent.id == event_id, ~_set_aside())
    return db.session.scalar(known) is not None


def _set_aside() -> ColumnElement[bool]:
    """Quarantined for its version, and nobody has seen to it."""
    for_version = StripeEvent.reason.startswith(handlers.OTHER_VERSION)
    return and_(StripeEvent.outcome == Outcome.QUARANTINED, for_version, StripeEvent.settled_at.is_(None))


def _apply(body: dict[str, Any], report: Backfill) -> None:
    try:
        event = in_our_version(stripe_gateway.event_of(body))
        if event.api_version == API_VERSION:
            db.session.execute(delete(StripeEvent).where(StripeEvent.id == event.id, _set_aside()))
        handlers.apply(event)
        db.session.commit()
        report.applied += 1
    except stripe_gateway.CheckoutError:  # nothing is wrong with it: the whole run is tried again
        db.session.rollback()
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others must come
        db.session.rollback()
        log.error("event %s failed\n%s", body.get("id"), trace(error))
        report.failed.append(failed_event(str(body.get("id")), str(body.get("type"))))
