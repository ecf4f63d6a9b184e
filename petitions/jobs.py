"""What the worker does for petitions."""

from core import proofs
from core.jobs import Handler, Job, enqueue
from core.worker import Tick
from petitions import confirmation_services, opening, second_mails, signature_services, submission_services
from petitions.abuse import held_services, invalidation_batches, watching
from petitions.counting import margins, recounts, tallies
from petitions.imports import inviting as import_inviting
from petitions.invitations import jobs as invitation_jobs
from petitions.own_page import jobs as own_page_jobs
from petitions.own_page import mails as own_page_mails
from petitions.updates import jobs as update_jobs

RECOUNT = "petitions.recount"


def confirmed(job: Job) -> None:
    signature_services.publish_confirmed(job.args["signature"])


def mail_sent(job: Job) -> None:
    confirmation_services.sent(job.args["submission"], job.args["links"])


def mail_unsent(job: Job) -> None:
    confirmation_services.unsent(job.args["submission"], job.args["why"])


def mail_again(job: Job) -> None:
    second_mails.mail_again(job.args["submission"])


def invalidate(job: Job) -> None:
    invalidation_batches.work_on(job.args["invalidation"])


def recount(job: Job) -> None:
    recounts.run(actor=job.args["actor"])


def promise_recount(actor: str) -> None:
    """Promises a recount now; asked for again before there has been one, it is the same."""
    last = recounts.last()
    enqueue(RECOUNT, {"actor": actor}, key=f"{RECOUNT}:after:{last.at.isoformat() if last else 'none'}")


JOBS: dict[str, Handler] = {
    RECOUNT: recount,
    "petitions.confirmed": confirmed,
    "petitions.invalidate": invalidate,
    "petitions.mail_sent": mail_sent,
    "petitions.mail_unsent": mail_unsent,
    "petitions.mail_again": mail_again,
    "petitions.change_address": second_mails.change,
    **own_page_jobs.JOBS,
    **invitation_jobs.JOBS,
    **update_jobs.JOBS,
    submission_services.LATER: submission_services.mail_later,
}
TICKS = (
    *invitation_jobs.TICKS,
    *update_jobs.TICKS,
    Tick(opening.open_and_close, every=5.0),
    Tick(held_services.trickle, every=60.0),
    Tick(submission_services.open_received, every=0.0),
    Tick(submission_services.forget_buckets, every=300.0),
    Tick(proofs.purge, every=3600.0),
    Tick(tallies.fold, every=1.0),
    Tick(own_page_jobs.forget_suppressions, every=3600.0),
    Tick(own_page_mails.recall_left, every=3600.0),
    Tick(confirmation_services.expire, every=3600.0),
    Tick(import_inviting.go_on, every=2.0),
    Tick(confirmation_services.remind, every=60.0),
    Tick(recounts.nightly, every=600.0),
    Tick(margins.take_all, every=600.0),
    Tick(watching.look_for_waves, every=60.0),
    Tick(invalidation_batches.follow, every=60.0),
)
