"""Jobs and ticks of the clerk's side: links that are sent, acts that are recorded, corrections that are looked for."""

from core import audit
from core.db import db
from core.jobs import Job, enqueue
from core.worker import Tick
from deliveries import corrections
from deliveries.clerk import links, notes
from deliveries.clerk.services import ACTED
from deliveries.models import Delivery
from deliveries.news import NEWS


def acted(job: Job) -> None:
    """A clerk's act enters the audit chain; organisers hear of it where it is news."""
    delivery = db.session.get_one(Delivery, job.args["delivery"])
    act = job.args["act"]
    audit.record(f"delivery.{act}", f"{delivery.petition.slug}:{delivery.public_id}", actor="clerk")
    if act != "fetched" and job.args["told"]:
        enqueue(NEWS, {"delivery": delivery.id, "what": act}, key=f"delivery-news:{job.public_id}")


JOBS = {
    links.SEND: links.prepare,
    links.UNSENT: links.unsent,
    ACTED: acted,
    notes.WENT: notes.went,
}
TICKS = (
    Tick(corrections.look, every=3600.0),
    Tick(notes.send_all, every=3600.0),
    Tick(links.sweep, every=600.0),
)
