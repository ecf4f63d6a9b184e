"""What the worker does for updates, besides sending them: what became of mails, and what is forgotten."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from core import bounces, bulk, clock
from core.db import db
from core.jobs import Handler, Job
from core.worker import Tick
from petitions.models import Petition
from petitions.updates import audience, outbox, services
from petitions.updates.counting import tell
from petitions.updates.models import Update, UpdateMark, UpdateState

MAILS_KEPT = timedelta(days=8)  # the names of an update's mails, after its end: so long may bounces come, and files lie
LOOKED_BACK = timedelta(days=60)
ENDED = (UpdateState.SENT, UpdateState.CANCELLED)
UNSYNCED: dict[str, Any] = {"synchronize_session": False}


def unsent(job: Job) -> None:
    """A mail that will never go."""
    tell(job.args["update"], {job.args["why"]: 1})


def forget() -> bool:
    """The worker's tick: whom an update reached is forgotten a week later, and the names of its mails. Commits."""
    moment = clock.now()
    old = UpdateMark.promised_at <= moment - services.WEEK
    found = db.session.scalar(select(UpdateMark.petition_id).where(old).limit(1)) is not None
    if found:
        db.session.execute(delete(UpdateMark).where(old), execution_options=UNSYNCED)
        db.session.commit()
    over = (Update.state.in_(ENDED), Update.ended_at <= moment - MAILS_KEPT, Update.ended_at > moment - LOOKED_BACK)
    for ended in db.session.scalars(select(Update).where(*over).order_by(Update.id)).all():
        while outbox.forget(ended):
            db.session.commit()
            found = True
    return found


def stop_all(petition: Petition) -> None:
    """The petition is erased: nothing more goes to its people, and whom it reached is forgotten."""
    going = (Update.petition_id == petition.id, Update.state.not_in(ENDED))
    ended = {"state": UpdateState.CANCELLED, "ended_at": clock.now()}
    db.session.execute(update(Update).where(*going).values(ended), execution_options=UNSYNCED)
    theirs = delete(UpdateMark).where(UpdateMark.petition_id == petition.id)
    db.session.execute(theirs, execution_options=UNSYNCED)


JOBS: dict[str, Handler] = {"petitions.update_unsent": unsent}
TICKS = (Tick(forget, every=3600.0), Tick(bounces.forget, every=3600.0))
CHECK = "petitions.update"
CHECKS = {CHECK: bulk.Watch(audience.still_wanted, audience.start_clocks)}
