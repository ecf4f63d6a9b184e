"""The worker sends updates: here the rooms' audiences meet."""

import logging

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.db import db, trace
from core.worker import Tick
from organisers.updates import donors
from petitions.updates import audience, sending, services
from petitions.updates.jobs import CHECK
from petitions.updates.models import Update, UpdateState

log = logging.getLogger(__name__)
READERS = {
    "signatories": sending.Reader(audience.ahead, audience.links, CHECK),
    "donors": sending.Reader(donors.ahead, donors.links, donors.CHECK, donor=True),
}


def send() -> bool:
    """The worker's tick: begins what is due, goes on with what has begun, ends what is done. Commits."""
    due = and_(Update.state == UpdateState.SCHEDULED, Update.starts_at <= clock.now())
    moving = (or_(due, Update.state == UpdateState.SENDING), Update.petition_id.not_in(sending.FROZEN))
    going = select(Update.id).where(*moving).order_by(Update.id)
    return any([_go_on(update_id) for update_id in db.session.scalars(going).all()])


def _go_on(update_id: int) -> bool:
    """One that fails is set aside and told of: it must hold up neither the others nor what else the worker does."""
    try:
        return _advance(update_id)
    except SQLAlchemyError:  # the database's trouble, which passes
        raise
    except Exception as error:  # noqa: BLE001 - whatever its text or its readers' rows hold
        db.session.rollback()
        log.error("update %s stopped\n%s", update_id, trace(error))
        services.set_aside(db.session.get_one(Update, update_id, populate_existing=True), type(error).__name__)
        db.session.commit()
        return False


def _advance(update_id: int) -> bool:
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
