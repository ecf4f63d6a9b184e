"""The daily reconciliation: promised once for each night, tried again while Stripe is away."""

from datetime import datetime, time, timedelta

from flask import current_app

from core import clock
from core.db import db
from core.jobs import Handler, Job, enqueue
from core.worker import Tick
from donations.books import reconciliation

KIND = "donations.reconcile"
AT = time(4, 30)  # UTC; the recount is done by then
DAILY = "the daily reconciliation"


def reconcile(job: Job) -> None:
    """Raises StripeAway, to be tried again: that is no difference."""
    reconciliation.run(actor=DAILY)


def promise() -> bool:
    """The worker's tick: promises the next night's run, where a Stripe key is set. Commits."""
    if current_app.config["UNDERSIGNED"].stripe_secret_key:
        now = clock.now()
        due = datetime.combine(now.date(), AT, now.tzinfo)
        due += timedelta(days=1) if due <= now else timedelta(0)
        enqueue(KIND, key=f"{KIND}:{due:%Y%m%d}", after=due - now)
        db.session.commit()
    return False


def run_soon() -> None:
    """Promises a run now; asked for twice within a minute it is one."""
    enqueue(KIND, key=f"{KIND}:asked:{clock.now():%Y%m%d%H%M}")


JOBS: dict[str, Handler] = {KIND: reconcile}
TICKS = (Tick(promise, every=600.0),)
