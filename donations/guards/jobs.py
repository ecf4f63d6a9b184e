"""What the worker does against stolen cards."""

from core import alarms
from core.jobs import Handler, Job
from core.worker import Tick
from donations.guards import fraud, waves


def refund_fraud(job: Job) -> None:
    """Asks the organisers to give the money back: the site has no refunds of its own yet."""
    alarms.sound("fraud-refund", job.args["warning"], warning=job.args["warning"])


JOBS: dict[str, Handler] = {fraud.REFUND: refund_fraud}
TICKS = (Tick(waves.look_for_declines, every=60.0),)
