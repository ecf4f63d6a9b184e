"""The daily comparison with Stripe, and its alarm."""

import hashlib
from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from core import alarms, clock
from core.db import db
from core.jobs import Handler, Job, enqueue
from core.worker import Tick
from donations.books import services
from donations.models import Donation

WINDOW = timedelta(days=7)
SETTLED = timedelta(days=1)  # a younger gift's news may all still be on the way


def reconcile(job: Job) -> None:
    """Compares the last week with Stripe; raises where Stripe is away, to be tried again."""
    report = services.reconcile(clock.now() - WINDOW)
    if report.differences:
        found = "\n".join(sorted(one.about for one in report.differences))
        sentences = [one.sentence for one in report.differences[:20]]
        key = hashlib.sha256(found.encode()).hexdigest()[:16]  # the same differences sound once
        alarms.sound("books", key, differences=len(report.differences), first=sentences)


def promise_daily() -> bool:
    """The worker's tick: the first worker of a UTC day promises its comparison. Commits."""
    today = clock.now()
    if not current_app.config["UNDERSIGNED"].giving or today.date() == current_app.extensions.get("books-promised"):
        return False
    current_app.extensions["books-promised"] = today.date()
    if db.session.scalar(select(Donation.id).where(Donation.created_at < today - SETTLED).limit(1)) is None:
        return False
    enqueue("donations.reconcile", key=f"donations.reconcile:{today.date().isoformat()}")
    db.session.commit()
    return True


JOBS: dict[str, Handler] = {"donations.reconcile": reconcile}
TICKS = (Tick(promise_daily, every=600.0),)
