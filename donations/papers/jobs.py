"""Jobs of papers: what a donor asked for, and the notice of each January."""

from flask_babel import force_locale
from sqlalchemy import select

from core.db import db
from core.jobs import Handler, Job
from core.worker import Tick
from donations import letters
from donations import services as gifts
from donations.own_page.models import Donor
from donations.papers import receipts, services, summaries, yearly


def send_receipt_again(job: Job) -> None:
    """Promises a receipt that its donor asked for."""
    payment = gifts.get_payment(job.args["payment"])
    receipts.write(payment, key=f"{payment.stripe_id}:{job.public_id}")


def send_summary(job: Job) -> None:
    """Promises the summary that a donor asked for; none where the donor was erased meanwhile."""
    donor = db.session.scalars(select(Donor).where(Donor.public_id == job.args["donor"])).one()
    year = int(job.args["year"])
    found = summaries.accounts(donor, year) if donor.blob is not None else []
    if not found:
        return
    with force_locale(donor.language):
        context = {"year": year, "sums": [account.left.text(donor.language) for account in found]}
        paper = summaries.document(donor, year, found)
    letters.write_to(donor, "summary", key=f"{donor.public_id}:{year}:{job.public_id}", context=context, document=paper)


JOBS: dict[str, Handler] = {
    services.RECEIPT: send_receipt_again, services.SUMMARY: send_summary, yearly.KIND: yearly.write,
}  # fmt: skip
TICKS = (Tick(yearly.promise_due, every=300.0),)
