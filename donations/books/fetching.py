"""What Stripe remembers, fetched: events that never reached us, sessions whose end we missed, the balance and its payouts."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from core import clock
from core.db import db, insert
from donations import handlers, reading, stripe_gateway
from donations.books.models import BalanceTransaction, Payout
from donations.models import Donation, SessionState, StripeEvent
from donations.reversals import requests
from donations.reversals.models import RefundRequest, RequestState

log = logging.getLogger(__name__)
OVERDUE = timedelta(hours=2)  # a session lives one
FORGOTTEN = timedelta(days=1)  # an order that never got a session
EVENTS_KEPT = timedelta(days=30)  # at Stripe
BEFORE = timedelta(days=14)  # a bank debit may be booked days before the news that it arrived
PAGE = 100


def backfill(since: datetime) -> tuple[int, list[str]]:
    """Applies every event since then that we do not know, oldest first, each in a transaction of its own.

    How many were new, and the ids of those that failed."""
    created = {"gte": int(since.timestamp())}
    found = list(stripe_gateway.each(lambda v1: v1.events.list({"created": created, "limit": PAGE})))
    new, failed = 0, []
    for body in reversed(found):
        event = stripe_gateway.event_of(body)
        if event.type not in handlers.HANDLERS or db.session.get(StripeEvent, event.id) is not None:
            continue
        try:
            handlers.commit([event])
            new += 1
        except Exception:
            log.exception("event %s could not be applied", event.id)
            failed.append(event.id)
    return new, failed


def finish_sessions() -> int:
    """Asks Stripe how sessions ended of which no event has told us; how many had."""
    ended = 0
    for public_id, session_id in _overdue():
        session = _session(session_id)
        kind = KINDS.get(reading.text(session.get("status")))
        if kind is None:
            continue
        event = stripe_gateway.Event(
            f"asked_{session_id}_{session['status']}_{session['payment_status']}",
            kind,
            session,
            clock.now(),
            stripe_gateway.API_VERSION,
        )
        handlers.commit([event])
        ended += 1
        log.info("the end of donation %s was missed", public_id)
    old = (Donation.session_state == SessionState.NEW, Donation.created_at < clock.now() - FORGOTTEN)
    db.session.execute(update(Donation).where(*old).values(session_state=SessionState.EXPIRED, form_key=None))
    db.session.commit()
    return ended


KINDS = {"complete": "checkout.session.completed", "expired": "checkout.session.expired"}


def _session(session_id: str) -> dict[str, Any]:
    return stripe_gateway.ask(lambda v1: v1.checkout.sessions.retrieve(session_id), patiently=True)


def _overdue() -> list[tuple[str, str]]:
    over = (Donation.session_state == SessionState.OPEN, Donation.created_at < clock.now() - OVERDUE)
    rows = db.session.execute(select(Donation.public_id, Donation.session_id).where(*over).order_by(Donation.id))
    found = [(row.public_id, row.session_id) for row in rows]
    db.session.rollback()  # no connection is held while Stripe thinks
    return found


def send_requests() -> None:
    """Makes refunds that were asked for and that Stripe has not answered."""
    waiting = select(RefundRequest.public_id).where(RefundRequest.state == RequestState.ASKED)
    for public_id in db.session.scalars(waiting).all():
        requests.send(public_id, patiently=True)
        db.session.commit()


def fetch_balance(since: datetime) -> None:
    """Keeps every movement of the balance and every payout since then, and some of before. Commits."""
    created = {"gte": int((since - BEFORE).timestamp())}
    wish = {"created": created, "limit": PAGE, "expand": ["data.source"]}
    for one in stripe_gateway.each(lambda v1: v1.balance_transactions.list(wish)):
        _keep(BalanceTransaction, _movement(one))
    db.session.commit()
    for one in list(stripe_gateway.each(lambda v1: v1.payouts.list({"created": created, "limit": PAGE}))):
        _keep(Payout, _payout(one))
        for movement in _of_payout(one["id"]):
            _keep(BalanceTransaction, {**_movement(movement), "payout_id": one["id"]})
        db.session.commit()


def _of_payout(payout_id: str) -> Iterator[dict[str, Any]]:
    wish = {"payout": payout_id, "limit": PAGE, "expand": ["data.source"]}
    return stripe_gateway.each(lambda v1: v1.balance_transactions.list(wish))


def _keep(table: Any, row: dict[str, Any]) -> None:
    new = insert(table).values(row)
    changes = {name: getattr(new.excluded, name) for name in row if name != "id"}
    db.session.execute(new.on_conflict_do_update(index_elements=["id"], set_=changes))


def _movement(one: dict[str, Any]) -> dict[str, Any]:
    source = reading.mapping(one.get("source"))
    return {
        "id": one["id"], "kind": reading.text(one.get("reporting_category"))[:60], "amount": one["amount"], "fee": one["fee"],
        "net": one["net"], "currency": one["currency"].upper(), "source": reading.text(source.get("id")),
        "payment_intent": reading.text(source.get("payment_intent")), "source_amount": int(source.get("amount") or 0),
        "source_currency": reading.text(source.get("currency")).upper()[:3],
        "created_at": reading.moment(one["created"]) or clock.now(),
    }  # fmt: skip


def _payout(one: dict[str, Any]) -> dict[str, Any]:
    moment = reading.moment(one["created"]) or clock.now()
    return {
        "id": one["id"], "amount": one["amount"], "currency": one["currency"].upper(), "status": one["status"][:20],
        "arrives_at": reading.moment(one["arrival_date"]) or moment, "created_at": moment,
    }  # fmt: skip
