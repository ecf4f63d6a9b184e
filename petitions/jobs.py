"""What the worker does for petitions."""

from core.jobs import Handler, Job
from core.vault import vault
from core.worker import Tick
from petitions import confirmation_services, signature_services, submission_services, tallies


def confirmed(job: Job) -> None:
    signature_services.publish_confirmed(job.args["signature"])


def journal(job: Job) -> None:
    """Appends a withdrawal to the keystore's journal; a line that stands there twice does no harm."""
    vault().keystore.write_journal(job.args["act"], job.args["public_id"])


def recount() -> bool:
    return bool(tallies.recount())


JOBS: dict[str, Handler] = {"petitions.confirmed": confirmed, "petitions.journal": journal}
TICKS = (
    Tick(submission_services.open_received, every=0.0),
    Tick(tallies.fold, every=1.0),
    Tick(confirmation_services.expire, every=3600.0),
    Tick(recount, every=24 * 3600.0),
)
