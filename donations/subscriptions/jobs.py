"""What the donor of a recurring gift is written when a payment fails, or when the gift ends."""

from sqlalchemy import select

from core import clock
from core.db import db
from core.jobs import Handler, Job
from donations import letters, services
from donations.models import Donation, PaymentStatus
from donations.moving.models import Answer, FundQuestion
from donations.own_page import wishes
from donations.subscriptions import services as subscriptions

PAYMENT_FAILED = "payment_failed"  # Stripe's word for a subscription that it gave up


def send_dunning(job: Job) -> None:
    """Promises the news that a payment was not made, and what the donor can do; none once it was."""
    payment = services.get_payment(job.args["payment"])
    if payment.status == PaymentStatus.PAID:
        return
    donation = payment.donation
    context = {
        "amount": payment.money.text(donation.language),
        "action": job.args["action"],
        "action_url": payment.action_url,
        "retry_on": clock.day(payment.retry_at.date(), donation.language) if payment.retry_at else "",
        "attempt": payment.attempts,
    }
    letters.write(donation, "dunning", key=f"{payment.stripe_id}:{payment.attempts}", context=context)


def send_end(job: Job) -> None:
    """Promises the news that a recurring gift has ended, and that nothing more is taken."""
    mine = select(Donation).where(Donation.subscription_id == job.args["subscription"])
    donation = db.session.scalars(mine).one()
    standing = subscriptions.find(donation)  # the amount may have changed since the gift was made
    if donation.blob is None and standing and standing.customer_id:  # erased before Stripe had told us of its customer
        return wishes.forget_customer(standing.customer_id)
    money = standing.money_in(donation.currency) if standing else donation.money
    context = {
        "amount": money.text(donation.language),
        "failed": job.args["why"] == PAYMENT_FAILED,
        "silent": _never_answered(donation),
        "again": f"/donate/{donation.case.slug}" if donation.case and donation.case.takes_gifts else "/donate",
    }
    return letters.write(donation, "gift_ended", key=job.args["subscription"], context=context)


def _never_answered(donation: Donation) -> bool:
    """Whether it ended because its donor was asked where it goes, its case being over, and gave no answer."""
    silent = (FundQuestion.donation_id == donation.id, FundQuestion.answer == Answer.SILENT)
    return db.session.scalar(select(FundQuestion.donation_id).where(*silent)) is not None


JOBS: dict[str, Handler] = {"donations.dunning": send_dunning, "donations.ended": send_end}
