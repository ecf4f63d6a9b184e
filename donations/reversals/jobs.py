"""The promise that a refund which was asked for reaches Stripe, whatever happened to the request that asked."""

from core.jobs import Handler, Job
from donations.reversals import requests


def send_refund(job: Job) -> None:
    """Makes the refund unless it was made; raises StripeAway, to be tried again."""
    requests.send(job.args["request"], patiently=True)


JOBS: dict[str, Handler] = {"donations.refund": send_refund}
