"""Writing petitions and their recipients through the petitions' own verbs; every act goes into the audit chain."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from cases.models import Case
from core import audit
from core.db import db
from organisers.accounts.scope import Cases, visible
from organisers.cases.services import NotFound, unique_slug
from petitions import services
from petitions.models import Petition, Recipient
from petitions.states import PetitionState

ACTS: Mapping[str, Callable[[Petition], Petition]] = {
    "publish": services.publish,
    "pause": lambda petition: services.move(petition, PetitionState.PAUSED),
    "resume": lambda petition: services.move(petition, PetitionState.OPEN),
    "close": lambda petition: services.move(petition, PetitionState.CLOSED),
    "reopen": services.publish,
}
DONE = {"publish": "published", "pause": "paused", "resume": "resumed", "close": "closed", "reopen": "reopened"}
OFFERED: Mapping[PetitionState, tuple[str, ...]] = {
    PetitionState.DRAFT: ("publish",),
    PetitionState.SCHEDULED: ("publish",),
    PetitionState.OPEN: ("pause", "close"),
    PetitionState.PAUSED: ("resume", "close"),
    PetitionState.CLOSED: ("reopen",),
}


class LastRecipient(ValueError):
    """A petition that has been published needs somebody to whom the letter goes."""


def list_all(cases: Cases = None) -> list[Petition]:
    """The petitions of these cases, or every one, the newest first, with their cases and recipients."""
    options = (joinedload(Petition.case), selectinload(Petition.recipients))
    query = visible(select(Petition), Petition.case_id, cases)
    return list(db.session.scalars(query.options(*options).order_by(Petition.id.desc())))


def list_of(case: Case) -> list[Petition]:
    """The petitions of one case, the newest first."""
    return list(db.session.scalars(select(Petition).where(Petition.case_id == case.id).order_by(Petition.id.desc())))


def offered(petition: Petition) -> tuple[str, ...]:
    """The acts that its state allows."""
    return OFFERED.get(petition.state, ())


def create(case: Case, *, actor: str, **values: Any) -> Petition:
    """A new draft. Raises SlugTaken."""
    with unique_slug():
        petition = services.create(case, **values)
    audit.record("petition.created", petition.slug, actor=actor)
    return petition


def edit(petition: Petition, *, actor: str, **values: Any) -> Petition:
    """Changes columns; the audit entry names them. Raises SlugTaken."""
    changed = sorted(name for name, value in values.items() if getattr(petition, name) != value)
    with unique_slug():
        services.edit(petition, **{name: values[name] for name in changed})
    audit.record("petition.edited", petition.slug, actor=actor, fields=changed)
    return petition


def act(petition: Petition, name: str, *, actor: str) -> Petition:
    """One of ACTS, where the petition's state offers it. Raises NotReady, WrongState."""
    if name not in offered(petition):  # TRANSITIONS alone would let "resume" open what was closed
        raise services.WrongState(f"{petition.state}: {name}")
    ACTS[name](petition)
    audit.record(f"petition.{DONE[name]}", petition.slug, actor=actor)
    return petition


def get_recipient(petition: Petition, recipient_id: int) -> Recipient:
    """A recipient of this very petition. Raises NotFound."""
    recipient = db.session.get(Recipient, recipient_id)
    if recipient is None or recipient.petition_id != petition.id:
        raise NotFound(recipient_id)
    return recipient


def add_recipient(petition: Petition, *, actor: str, **values: Any) -> Recipient:
    last = db.session.scalar(select(func.max(Recipient.position)).where(Recipient.petition_id == petition.id))
    recipient = Recipient(petition=petition, position=(last or 0) + 1, **values)
    db.session.add(recipient)
    _settle(petition, "recipient.added", actor)
    return recipient


def edit_recipient(recipient: Recipient, *, actor: str, **values: Any) -> None:
    for name, value in values.items():
        setattr(recipient, name, value)
    _settle(recipient.petition, "recipient.edited", actor)


def remove_recipient(recipient: Recipient, *, actor: str) -> None:
    """Takes a recipient away. Raises LastRecipient where people are asked to sign to nobody else."""
    petition = recipient.petition
    if petition.state != PetitionState.DRAFT and len(petition.recipients) == 1:
        raise LastRecipient
    petition.recipients.remove(recipient)
    _settle(petition, "recipient.removed", actor)


def _settle(petition: Petition, act_name: str, actor: str) -> None:
    """Who signs from now on agrees to the new recipients, so that their words are stored as a new version."""
    db.session.flush()
    services.record_consent(petition)
    audit.record(act_name, petition.slug, actor=actor)
