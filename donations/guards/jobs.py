"""What the worker does against stolen cards."""

from core.db import db
from core.jobs import Handler, Job
from core.worker import Tick
from donations import lookup, services
from donations.guards import fraud, waves
from donations.guards.models import FraudWarning
from donations.reversals import requests


def refund_fraud(job: Job) -> None:
    """Asks for all that is left of a payment that its bank reports as fraud; its own job makes the refund.

    Raises UnmatchedPayment where the payment is not known yet, to be tried again."""
    warning = db.session.get_one(FraudWarning, job.args["warning"])
    payment = services.find_payment(warning.payment_intent)
    if payment is None:
        raise lookup.UnmatchedPayment
    if (left := requests.refundable(payment)).minor:
        requests.request_refund(payment, money=left, reason=requests.FRAUD, actor="worker")


JOBS: dict[str, Handler] = {fraud.REFUND: refund_fraud}
TICKS = (Tick(waves.look_for_declines, every=60.0),)
