"""What a donor asks for on the own page: promised in the request, made and mailed by the worker.

A press repeated within the hour makes no second mail."""

from core import clock
from core.db import RowNotFound
from core.jobs import WISH, enqueue
from donations.models import Payment, PaymentStatus
from donations.own_page.models import Donor
from donations.papers import summaries

RECEIPT, SUMMARY = "donations.receipt_again", "donations.summary"


class NoSuchPaper(RowNotFound):
    """Nothing was paid, so there is nothing to show."""


def ask_receipt(payment: Payment) -> None:
    """Promises the receipt of a payment once more. Raises NoSuchPaper of one that was not paid."""
    if payment.status != PaymentStatus.PAID:
        raise NoSuchPaper(payment.stripe_id)
    _ask(RECEIPT, payment.stripe_id, {"payment": payment.stripe_id})


def ask_summary(donor: Donor, year: int) -> None:
    """Promises the summary of a donor's year. Raises NoSuchPaper of one in which nothing was paid."""
    if year not in summaries.years_of(donor):
        raise NoSuchPaper(str(year))
    _ask(SUMMARY, f"{donor.public_id}:{year}", {"donor": donor.public_id, "year": year})


def _ask(kind: str, name: str, args: dict[str, str | int]) -> None:
    enqueue(kind, args, key=f"{kind}:{name}:{clock.now():%Y%m%d%H}", priority=WISH)
