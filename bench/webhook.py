"""Webhooks of completed Checkout sessions, truly signed, each for a donation of its own: event, payment, promised receipt."""

import json
import secrets
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from sqlalchemy import func, insert, select

from bench.ground import WEBHOOK_SECRET, Site
from bench.load import UNIQUE, Order, Outcome, drive, unique
from bench.measure import Line, WrongAnswer
from bench.plan import Plan
from core import clock
from core.db import db
from donations.models import Donation, Frequency, Payment, PaymentStatus, SessionState

CLIENTS = 16
FASTEST = 120  # webhooks a second and client for which donations are laid in
AT_ONCE = 2000


def run(plan: Plan, sites: Mapping[str, Site]) -> list[Line]:
    found: list[Line] = []
    for name, site in sites.items():
        with site.server("serve:web", "/readyz"):
            rounds = [deliver(site, plan.seconds, number) for number in range(plan.rounds)]
        found += [
            Line(f"webhook, {name}", median(one.rate for one in rounds), "/s"),
            Line(f"webhook, {name}, p99", median(one.p99 for one in rounds) * 1000, "ms"),
        ]
    return found


def deliver(site: Site, seconds: float, run: int) -> Outcome:
    """One load of webhooks. Raises WrongAnswer unless each was answered 200 and made one paid payment."""
    most = round(FASTEST * seconds)
    insert_donations(site, run, most)
    before = paid(site)
    path, body = "/stripe/webhook", json.dumps(event())
    outcome = drive(Order(site.port, "POST", path, body, CLIENTS, seconds, run, most, WEBHOOK_SECRET))
    if set(outcome.statuses) != {"200"} or paid(site) - before != outcome.answers:
        raise WrongAnswer(f"webhooks were answered {outcome.statuses}, payments made: {paid(site) - before}")
    return outcome


def event() -> dict[str, Any]:
    session = {
        "id": f"cs_{UNIQUE}", "object": "checkout.session", "mode": "payment", "amount_total": 2500, "currency": "eur",
        "client_reference_id": UNIQUE, "metadata": {"donation": UNIQUE}, "payment_status": "paid", "status": "complete",
        "payment_intent": f"pi_{UNIQUE}", "invoice": None, "subscription": None, "livemode": False,
    }  # fmt: skip
    return {
        "id": f"evt_{UNIQUE}", "object": "event", "type": "checkout.session.completed", "livemode": False,
        "created": int(clock.now().timestamp()), "data": {"object": session},
    }  # fmt: skip


def insert_donations(site: Site, run: int, most: int) -> None:
    """The donations that the webhooks of a run speak of, named by their digits; committed."""
    made = list(donations(run, most))
    with site.app.app_context():
        for start in range(0, len(made), AT_ONCE):
            db.session.execute(insert(Donation), made[start : start + AT_ONCE])
        db.session.commit()


def donations(run: int, most: int) -> Iterator[dict[str, Any]]:
    for client in range(CLIENTS):
        for number in range(most):
            mark = unique(run, client, number)
            yield {
                "public_id": mark, "amount": 2500, "currency": "EUR", "frequency": Frequency.ONCE, "language": "en",
                "key_id": "", "data_key_id": "", "blob": secrets.token_bytes(284), "session_id": f"cs_{mark}",
                "session_state": SessionState.OPEN,
            }  # fmt: skip


def paid(site: Site) -> int:
    with site.app.app_context():
        return db.session.scalar(select(func.count()).where(Payment.status == PaymentStatus.PAID)) or 0
