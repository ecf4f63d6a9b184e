"""Jobs of this room: what a donor is written after a payment came, or came to nothing."""

from typing import Any

from flask_babel import force_locale

import donations.reversals.jobs as reversals_jobs
import donations.subscriptions.jobs as subscriptions
from core import alarms, clock
from core.db import db
from core.jobs import Handler, Job
from core.worker import Tick
from donations import letters, services
from donations.guards import jobs as guard_jobs
from donations.models import Frequency, Outcome, Payment, PaymentStatus, StripeEvent
from donations.moving import mails as moving_mails
from donations.moving import tending as moving_tending
from donations.own_page import donors, links
from donations.reversals import services as reversals
from donations.stripe_gateway import STATEMENT_WORD
from donations.subscriptions import changes


def send_receipt(job: Job) -> None:
    """Promises the receipt of a paid payment: one mail for each, renewals too."""
    _write(job, "receipt")


def send_failure(job: Job) -> None:
    """Promises the news that a bank debit came to nothing; none where it was paid all the same."""
    if services.get_payment(job.args["payment"]).status == PaymentStatus.FAILED:
        _write(job, "payment_failed")


def look_again(job: Job) -> None:
    """Sounds the alarm of a refund or dispute whose payment has not become known an hour later."""
    event = db.session.get_one(StripeEvent, job.args["event"])
    if services.find_payment(reversals.find_intent(event.object_id) or ""):
        event.outcome = Outcome.APPLIED
        return
    alarms.sound("payment-unmatched", event.object_id, event=event.id, type=event.type)


def _write(job: Job, template: str) -> None:
    payment = services.get_payment(job.args["payment"])
    with force_locale(payment.donation.language):
        context = _context(payment)
    letters.write(payment.donation, template, key=payment.stripe_id, context=context)


def _context(payment: Payment) -> dict[str, Any]:
    donation = payment.donation
    once = donation.frequency == Frequency.ONCE
    return {
        "tribute": str(donation.tribute),
        "amount": payment.money.text(donation.language),
        "day": clock.day((payment.paid_at or payment.created_at).date(), donation.language),
        "fund": payment.case.fund_title if payment.case else "",
        "frequency": str(donation.frequency),
        "statement_word": STATEMENT_WORD if once else "",  # Stripe takes no word of ours for a subscription
        "number": donation.public_id,
    }


def _gather() -> bool:
    """The worker's tick: ties gifts to their donors. Commits."""
    found = donors.gather()
    if found:
        db.session.commit()
    return found > 0


JOBS: dict[str, Handler] = {
    "donations.receipt": send_receipt, "donations.failure": send_failure, "donations.look_again": look_again,
    **reversals_jobs.JOBS, **subscriptions.JOBS, **changes.JOBS, **guard_jobs.JOBS,
    **moving_mails.JOBS,
}  # fmt: skip
TICKS = (*guard_jobs.TICKS, Tick(_gather, every=5.0), Tick(links.forget_old, every=3600.0), *moving_tending.TICKS)
