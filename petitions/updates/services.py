"""An update's life: written, approved, scheduled, paused, resumed, cancelled."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from cases.models import Case
from core import alarms, audit, clock
from core.db import RowNotFound, db
from petitions.models import Petition
from petitions.updates import outbox
from petitions.updates.counting import STOPPED, forget_stop, tell
from petitions.updates.models import Audience, Update, UpdateKind, UpdateState

S = UpdateState
TRANSITIONS: dict[UpdateState, tuple[UpdateState, ...]] = {
    S.DRAFT: (S.SCHEDULED, S.CANCELLED),
    S.SCHEDULED: (S.DRAFT, S.SENDING, S.CANCELLED),
    S.SENDING: (S.PAUSED, S.SENT, S.CANCELLED),
    S.PAUSED: (S.SENDING, S.CANCELLED),
    S.SENT: (),
    S.CANCELLED: (),
}
WEEK = timedelta(days=7)
SYSTEM = "system"
UNSYNCED = {"synchronize_session": False}


class UpdateNotFound(RowNotFound):
    """This petition has no such update."""


class MovedOn(ValueError):
    """The update is no longer in a state in which this could be done."""


class NeedsApproval(ValueError):
    """Another update goes to some of the same people within a week, and nobody has approved this one."""


class Frozen(ValueError):
    """Its case is frozen for safety: nothing of it is sent."""


class OwnApproval(ValueError):
    """Whoever wrote an update cannot approve it."""


def list_of(petition: Petition) -> Sequence[Update]:
    """A petition's updates, the newest first."""
    theirs = select(Update).where(Update.petition_id == petition.id)
    return db.session.scalars(theirs.order_by(Update.id.desc())).all()


def get(petition: Petition, update_id: int) -> Update:
    """One of a petition's updates. Raises UpdateNotFound."""
    found = db.session.get(Update, update_id)
    if found is None or found.petition_id != petition.id:
        raise UpdateNotFound(update_id)
    return found


def create(petition: Petition, *, actor: str, subject: str, body: str, **choices: Any) -> Update:
    """A draft in the petition's own language; `choices`: audience, country, headline."""
    texts = {petition.language: {"subject": subject, "body": body}}
    made = Update(
        public_id=new_public_id(), petition=petition, texts=texts, created_by=actor, written_by=actor, **choices
    )
    db.session.add(made)
    db.session.flush()
    _journal("written", made, actor)
    return made


def write(found: Update, language: str, *, actor: str, subject: str, body: str, **choices: Any) -> None:
    """Sets its text in one language; what was approved before was another text. Raises MovedOn once it is no draft."""
    _only_while(found, S.DRAFT)
    if subject or body:
        found.texts = {**found.texts, language: {"subject": subject, "body": body}}
    else:
        found.texts = {known: text for known, text in found.texts.items() if known != language}
    found.written_by, found.approved_by = actor, None
    for name, value in choices.items():
        setattr(found, name, value)
    db.session.flush()
    _journal("edited", found, actor, language=language)


def approve(found: Update, *, actor: str) -> None:
    """A second organiser's yes to a second update within a week. Raises OwnApproval, MovedOn."""
    _only_while(found, S.DRAFT)
    if actor in (found.created_by, found.written_by):
        raise OwnApproval(found.id)
    found.approved_by = actor
    db.session.flush()
    _journal("approved", found, actor)


def schedule(found: Update, *, actor: str, starts_at: datetime | None = None) -> None:
    """From then on it is sent, or from now on. Raises NeedsApproval, MovedOn."""
    begins = max(starts_at or clock.now(), clock.now())
    db.session.execute(select(Petition.id).where(Petition.id == found.petition_id).with_for_update())
    move(found, S.SCHEDULED, starts_at=begins)  # SQLite's lock is taken here: of two at once one sees the other
    if found.approved_by is None and too_soon(found):
        raise NeedsApproval(found.id)
    forget_stop(found)
    _journal("scheduled", found, actor, starts_at=begins.isoformat())


def too_soon(found: Update, begins: datetime | None = None) -> Sequence[Update]:
    """The written updates that go to some of the same people within a week of this one."""
    moment = begins or found.starts_at or clock.now()
    near = (Update.starts_at > moment - WEEK, Update.starts_at < moment + WEEK)
    others = (Update.petition_id == found.petition_id, Update.id != found.id, Update.kind == UpdateKind.WRITTEN)
    standing = Update.state.in_((S.SCHEDULED, S.SENDING, S.PAUSED, S.SENT))
    rows = db.session.scalars(select(Update).where(*others, *near, standing).order_by(Update.id))
    return [other for other in rows if _meet(found, other)]


def act(found: Update, name: str, *, actor: str) -> None:
    """Takes an update back to a draft, pauses, resumes or cancels it. Raises MovedOn, and Frozen where it is to be resumed."""
    ACTS[name](found)
    _journal(name, found, actor)


def pause_all(case: Case, *, actor: str) -> int:
    """Pauses what is on its way about a case; how many there were."""
    going = select(Update).join(Update.petition).where(Petition.case_id == case.id, Update.state == S.SENDING)
    paused = 0
    for found in db.session.scalars(going.order_by(Update.id)).all():
        with suppress(MovedOn):  # the worker has just ended it
            act(found, "pause", actor=actor)
            paused += 1
    return paused


def set_aside(found: Update, error: str) -> None:
    """It cannot go on: paused, or a draft again where it had not begun, and an alarm; nothing where somebody moved it first."""
    try:
        act(found, "pause" if found.state == S.SENDING else "unschedule", actor=SYSTEM)
    except MovedOn:
        return
    tell(found.id, {STOPPED: 1})
    alarms.sound(
        "update-stopped",
        f"{found.id}:{clock.now():%Y%m%d%H}",
        petition=found.petition.slug,
        update=found.id,
        error=error,
    )


def offered(found: Update) -> list[str]:
    """The acts that its state allows."""
    return list(OFFERED[found.state])


def move(found: Update, to: UpdateState, **values: Any) -> None:
    """One guarded step of TRANSITIONS. Raises MovedOn where another process was faster."""
    sources = [state for state, targets in TRANSITIONS.items() if to in targets]
    here = (Update.id == found.id, Update.state.in_(sources), Update.state == found.state)
    moved = update(Update).where(*here).values(state=to, **values).returning(Update.id)
    if db.session.execute(moved, execution_options=UNSYNCED).scalar() is None:
        raise MovedOn(found.id)
    db.session.refresh(found)


def new_public_id() -> str:
    return secrets.token_urlsafe(16)


def _unschedule(found: Update) -> None:
    move(found, S.DRAFT, starts_at=None)


def _pause(found: Update) -> None:
    move(found, S.PAUSED)
    outbox.hold(found)


def _resume(found: Update) -> None:
    if found.petition.case.frozen_at:
        raise Frozen(found.id)
    move(found, S.SENDING)
    forget_stop(found)
    outbox.let_go(found)


def _cancel(found: Update) -> None:
    move(found, S.CANCELLED, ended_at=clock.now())
    tell(found.id, {"cancelled": outbox.recall(found)})


ACTS = {"unschedule": _unschedule, "pause": _pause, "resume": _resume, "cancel": _cancel}
OFFERED: Mapping[UpdateState, tuple[str, ...]] = {
    S.DRAFT: ("cancel",), S.SCHEDULED: ("unschedule", "cancel"), S.SENDING: ("pause", "cancel"),
    S.PAUSED: ("resume", "cancel"), S.SENT: (), S.CANCELLED: (),
}  # fmt: skip


def _meet(one: Update, other: Update) -> bool:
    """Whether two updates may reach the same mailbox."""
    countries = not one.country or not other.country or one.country == other.country
    return countries and (Audience.EVERYBODY in (one.audience, other.audience) or one.audience == other.audience)


def _only_while(found: Update, state: UpdateState) -> None:
    """Locks the row, so that nobody sends it meanwhile. Raises MovedOn."""
    here = update(Update).where(Update.id == found.id, Update.state == state).values(cursor=Update.cursor)
    if db.session.execute(here.returning(Update.id), execution_options=UNSYNCED).scalar() is None:
        raise MovedOn(found.id)
    db.session.refresh(found)


def _journal(name: str, found: Update, actor: str, **detail: Any) -> None:
    audit.record(f"update.{name}", found.petition.slug, actor=actor, update=found.id, **detail)
