"""Petitions open and close by themselves, at their times."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from core import alarms, audit, clock
from core.db import db
from petitions import services
from petitions.models import Petition
from petitions.states import PetitionState

WORKER = "worker"  # whom the audit chain names
OPENED, CLOSED, NOT_OPENED = "petition.published", "petition.closed", "petition.not_opened"


def open_and_close() -> bool:
    """The worker's tick: whatever is due at this moment, each in a transaction of its own; whether there was any."""
    now = clock.now()
    opening = (Petition.state == PetitionState.SCHEDULED, Petition.opens_at <= now)
    closing = (Petition.state == PetitionState.OPEN, Petition.closes_at <= now)  # a paused one waits for its organiser
    return any([_each(_open, *opening), _each(_close, *closing)])


def _each(act: Callable[[Petition], None], *due: Any) -> bool:
    found = db.session.scalars(select(Petition.id).where(*due).order_by(Petition.id)).all()
    for petition_id in found:
        try:
            act(services.get(petition_id))
            db.session.commit()
        except services.WrongState:  # another worker, or an organiser, was faster
            db.session.rollback()
    return bool(found)


def _open(petition: Petition) -> None:
    try:
        services.publish(petition, actor=WORKER)
    except services.NotReady as error:
        _put_back(petition, error.reasons)
    else:
        audit.record(OPENED, petition.slug, actor=WORKER)


def _put_back(petition: Petition, reasons: list[str]) -> None:
    """It cannot open: a draft again, and its organisers hear of it."""
    services.move(petition, PetitionState.DRAFT)
    audit.record(NOT_OPENED, petition.slug, actor=WORKER, reasons=reasons)
    alarms.sound(
        "petition-not-opened", f"{petition.id}:{petition.opens_at}", petition=petition.slug, why=" ".join(reasons)
    )


def _close(petition: Petition) -> None:
    services.move(petition, PetitionState.CLOSED)
    audit.record(CLOSED, petition.slug, actor=WORKER)
