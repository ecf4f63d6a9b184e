"""Jobs of this room: what a donor is written after a payment came, or came to nothing."""

import donations.reversals.jobs as reversals_jobs
import donations.subscriptions.jobs as subscriptions
import donations.tax.jobs as tax_jobs
from core import alarms
from core.db import db
from core.jobs import Handler, Job
from core.worker import Tick
from donations import letters, services
from donations.guards import jobs as guard_jobs
from donations.models import Outcome, PaymentStatus, StripeEvent
from donations.moving import mails as moving_mails
from donations.moving import tending as moving_tending
from donations.own_page import donors, links
from donations.own_page import jobs as own_page_jobs
from donations.papers import jobs as paper_jobs
from donations.papers import receipts
from donations.reversals import services as reversals
from donations.subscriptions import changes, lapsing
from donations.tax import services as tax


def send_receipt(job: Job) -> None:
    """Promises the receipt of a paid payment: one mail for each, renewals too."""
    payment = services.get_payment(job.args["payment"])
    receipts.write(payment, key=payment.stripe_id)
    tax.promise_after(payment)


def send_failure(job: Job) -> None:
    """Promises the news that a bank debit came to nothing; none where it was paid all the same."""
    payment = services.get_payment(job.args["payment"])
    if payment.status == PaymentStatus.FAILED:
        context = {"amount": payment.money.text(payment.donation.language)}
        letters.write(payment.donation, "payment_failed", key=payment.stripe_id, context=context)


def look_again(job: Job) -> None:
    """Sounds the alarm of a refund or dispute whose payment has not become known an hour later."""
    event = db.session.get_one(StripeEvent, job.args["event"])
    if services.find_payment(reversals.find_intent(event.object_id) or ""):
        event.outcome = Outcome.APPLIED
        return
    alarms.sound("payment-unmatched", event.object_id, event=event.id, type=event.type)


def _gather() -> bool:
    """The worker's tick: ties gifts to their donors. Commits."""
    found = donors.gather()
    if found:
        db.session.commit()
    return found > 0


JOBS: dict[str, Handler] = {
    "donations.receipt": send_receipt, "donations.failure": send_failure, "donations.look_again": look_again,
    **reversals_jobs.JOBS, **subscriptions.JOBS, **changes.JOBS, **lapsing.JOBS, **own_page_jobs.JOBS, **guard_jobs.JOBS,
    **paper_jobs.JOBS, **tax_jobs.JOBS, **moving_mails.JOBS,
}  # fmt: skip
TICKS = (
    *guard_jobs.TICKS, Tick(_gather, every=5.0), Tick(links.forget_old, every=3600.0), *paper_jobs.TICKS, *tax_jobs.TICKS,
    *moving_tending.TICKS, *lapsing.TICKS,
)  # fmt: skip
