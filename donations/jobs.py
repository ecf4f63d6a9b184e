"""Jobs of this room: what a donor is written after a payment came, or came to nothing."""

from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from core import clock, mail
from core.db import db
from core.jobs import Handler, Job
from donations.checkout_services import open_donor
from donations.guards import jobs as guard_jobs
from donations.models import Frequency, Payment
from donations.stripe_gateway import STATEMENT_WORD


def send_receipt(job: Job) -> None:
    """Promises the receipt of a paid payment: one mail for each, renewals too."""
    _write(job, "receipt")


def send_failure(job: Job) -> None:
    """Promises the news that a bank debit came to nothing."""
    _write(job, "payment_failed")


def _write(job: Job, template: str) -> None:
    payment = db.session.scalars(select(Payment).where(Payment.stripe_id == job.args["payment"])).one()
    donation = payment.donation
    if donation.blob is None:  # erased in the meantime: nobody is left to write to
        return
    donor = open_donor(donation)
    with force_locale(donation.language):
        context = _context(payment, donor["name"])
    mail.promise(
        template,
        to=donor["email"],
        key=f"{template}:{payment.stripe_id}",
        context=context,
        language=donation.language,
        essential=True,
    )


def _context(payment: Payment, name: str) -> dict[str, Any]:
    donation = payment.donation
    once = donation.frequency == Frequency.ONCE
    return {
        "name": name,
        "amount": donation.money.text(donation.language),
        "day": clock.day((payment.paid_at or payment.created_at).date(), donation.language),
        "fund": donation.case.fund_title if donation.case else "",
        "frequency": str(donation.frequency),
        "statement_word": STATEMENT_WORD if once else "",  # Stripe takes no word of ours for a subscription
        "number": donation.public_id,
    }


TICKS = guard_jobs.TICKS
JOBS: dict[str, Handler] = {"donations.receipt": send_receipt, "donations.failure": send_failure, **guard_jobs.JOBS}
