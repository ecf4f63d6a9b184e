"""The worker sends updates: here the rooms' audiences meet."""

from sqlalchemy import and_, or_, select

from core import clock
from core.db import db
from core.worker import Tick
from organisers.updates import donors
from petitions.updates import audience, sending, services
from petitions.updates.jobs import CHECK
from petitions.updates.models import Update, UpdateState

READERS = {
    "signatories": sending.Reader(audience.ahead, audience.links, CHECK),
    "donors": sending.Reader(donors.ahead, donors.links, donors.CHECK, donor=True),
}


def send() -> bool:
    """The worker's tick: begins what is due, goes on with what has begun, ends what is done. Commits."""
    due = and_(Update.state == UpdateState.SCHEDULED, Update.starts_at <= clock.now())
    going = select(Update.id).where(or_(due, Update.state == UpdateState.SENDING)).order_by(Update.id)
    return any([_go_on(update_id) for update_id in db.session.scalars(going).all()])


def _go_on(update_id: int) -> bool:
    found = db.session.get_one(Update, update_id, populate_existing=True)
    try:
        begun = found.state == UpdateState.SCHEDULED
        if begun:
            sending.begin(found)
            db.session.commit()
        moved = sending.fill(found, READERS)
        ended = sending.end(found)
        db.session.commit()
    except services.MovedOn:  # somebody was faster
        db.session.rollback()
        return False
    return begun or moved or ended


TICKS = (Tick(send, every=1.0),)
