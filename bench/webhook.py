"""Webhooks of completed Checkout sessions, truly signed: valid ones, each for a donation of its own (event, payment, promised
receipt), the same one again and again, and badly signed ones."""

import json
import secrets
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from sqlalchemy import func, insert, select

from bench.ground import WEBHOOK_SECRET, Site
from bench.load import UNIQUE, Order, Outcome, drive, unique
from bench.measure import Aim, Line, WrongAnswer
from bench.plan import Plan
from core import clock
from core.db import db
from donations.models import Donation, Frequency, Payment, PaymentStatus, SessionState
from donations.stripe_gateway import API_VERSION

CLIENTS = 16
FASTEST = 250  # webhooks a second and client for which donations are laid in
AT_ONCE = 2000
PATH = "/stripe/webhook"
AIMS = {"PostgreSQL": Aim("ours", 1000)}


def run(plan: Plan, sites: Mapping[str, Site]) -> list[Line]:
    found: list[Line] = []
    for name, site in sites.items():
        with site.server("serve:web", "/readyz"):
            rounds = [one_round(site, plan.seconds, number) for number in range(plan.rounds)]
        valid, again, bad = zip(*rounds, strict=True)
        found += [
            Line(f"webhook, {name}", median(one.rate for one in valid), "/s", aim=AIMS.get(name)),
            Line(f"webhook, {name}, p99", median(one.p99 for one in valid) * 1000, "ms"),
            Line(f"webhook, {name}, the same again", median(one.rate for one in again), "/s"),
            Line(f"webhook, {name}, badly signed", median(one.rate for one in bad), "/s"),
        ]
    return found


def one_round(site: Site, seconds: float, number: int) -> tuple[Outcome, Outcome, Outcome]:
    """Valid webhooks, one webhook over and over, badly signed webhooks. Raises WrongAnswer."""
    most = round(FASTEST * seconds)
    insert_donations(site, number, most)
    before = paid(site)
    valid = drive(Order(site.port, "POST", PATH, json.dumps(event()), CLIENTS, seconds, number, most, WEBHOOK_SECRET))
    made = paid(site)
    if set(valid.statuses) != {"200"} or made - before != valid.answers:
        raise WrongAnswer(f"webhooks were answered {valid.statuses}, payments made: {made - before}")
    known = json.dumps(event()).replace(UNIQUE, unique(number, 0, 0))
    again = drive(Order(site.port, "POST", PATH, known, CLIENTS, seconds / 2, number, 0, WEBHOOK_SECRET))
    bad = drive(Order(site.port, "POST", PATH, json.dumps(event()), CLIENTS, seconds / 2, number, 0, "whsec_another"))
    if set(again.statuses) != {"200"} or set(bad.statuses) != {"400"} or paid(site) != made:
        raise WrongAnswer(
            f"repeated: {again.statuses}, badly signed: {bad.statuses}, payments made: {paid(site) - made}"
        )
    return valid, again, bad


def event() -> dict[str, Any]:
    session = {
        "id": f"cs_{UNIQUE}", "object": "checkout.session", "mode": "payment", "amount_total": 2500, "currency": "eur",
        "client_reference_id": UNIQUE, "metadata": {"donation": UNIQUE}, "payment_status": "paid", "status": "complete",
        "payment_intent": f"pi_{UNIQUE}", "invoice": None, "subscription": None, "livemode": False,
    }  # fmt: skip
    return {
        "id": f"evt_{UNIQUE}", "object": "event", "type": "checkout.session.completed", "livemode": False,
        "api_version": API_VERSION, "created": int(clock.now().timestamp()), "data": {"object": session},
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
