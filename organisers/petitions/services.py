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
from petitions import outcomes, services
from petitions.models import Petition, Recipient
from petitions.states import PetitionState
from petitions.versions import services as versions
from petitions.versions import translations
from petitions.versions.models import PetitionVersion

S = PetitionState
ACTS: Mapping[str, Callable[[Petition, str], Any]] = {
    "publish": lambda petition, actor: services.publish(petition, actor=actor),
    "schedule": lambda petition, actor: services.schedule(petition),
    "unschedule": lambda petition, actor: services.move(petition, S.DRAFT),
    "pause": lambda petition, actor: services.move(petition, S.PAUSED),
    "resume": lambda petition, actor: services.move(petition, S.OPEN),
    "close": lambda petition, actor: services.move(petition, S.CLOSED),
    "reopen": lambda petition, actor: services.publish(petition, actor=actor),
    "archive": lambda petition, actor: services.move(petition, S.ARCHIVED),
    "unarchive": lambda petition, actor: outcomes.unarchive(petition),
    "take_back_answer": lambda petition, actor: outcomes.take_back_answer(petition, actor=actor),
    "take_back_victory": lambda petition, actor: outcomes.take_back_victory(petition, actor=actor),
}
DONE = {
    "publish": "published", "schedule": "scheduled", "unschedule": "unscheduled", "pause": "paused", "resume": "resumed",
    "close": "closed", "reopen": "reopened", "archive": "archived", "unarchive": "unarchived",
    "take_back_answer": "answer_taken_back", "take_back_victory": "victory_taken_back",
}  # fmt: skip
OFFERED: Mapping[PetitionState, tuple[str, ...]] = {
    S.DRAFT: ("publish", "schedule", "archive"),
    S.SCHEDULED: ("unschedule",),
    S.OPEN: ("pause", "close"),
    S.PAUSED: ("resume", "close"),
    S.CLOSED: ("reopen", "archive"),
    S.DELIVERED: ("archive",),
    S.ANSWERED: ("take_back_answer", "archive"),
    S.VICTORY: ("take_back_victory", "archive"),
    S.ARCHIVED: ("unarchive",),
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
    return OFFERED[petition.state]


def create(case: Case, *, actor: str, **values: Any) -> Petition:
    """A new draft. Raises SlugTaken."""
    with unique_slug():
        petition = services.create(case, **values)
    audit.record("petition.created", petition.slug, actor=actor)
    return petition


def edit(petition: Petition, *, actor: str, reason: str = "", **values: Any) -> Petition:
    """Changes columns; the audit entry names them. Raises SlugTaken; ReasonMissing where a signed text changes without one."""
    changed = sorted(name for name, value in values.items() if getattr(petition, name) != value)
    with unique_slug():
        services.edit(petition, **{name: values[name] for name in changed})
    version = versions.settle(petition, reason=reason, actor=actor)
    audit.record("petition.edited", petition.slug, actor=actor, fields=changed, **_because(version, reason))
    return petition


def act(petition: Petition, name: str, *, actor: str) -> Petition:
    """One of ACTS, where the petition's state offers it. Raises NotReady, WrongState."""
    if name not in offered(petition):  # TRANSITIONS alone would let "resume" open what was closed
        raise services.WrongState(f"{petition.state}: {name}")
    ACTS[name](petition, actor)
    audit.record(f"petition.{DONE[name]}", petition.slug, actor=actor)
    return petition


def get_recipient(petition: Petition, recipient_id: int) -> Recipient:
    """A recipient of this very petition. Raises NotFound."""
    recipient = db.session.get(Recipient, recipient_id)
    if recipient is None or recipient.petition_id != petition.id:
        raise NotFound(recipient_id)
    return recipient


def add_recipient(petition: Petition, *, actor: str, reason: str = "", **values: Any) -> Recipient:
    """Raises ReasonMissing, as the two below: to whom the letter goes is part of what people sign."""
    last = db.session.scalar(select(func.max(Recipient.position)).where(Recipient.petition_id == petition.id))
    recipient = Recipient(petition=petition, position=(last or 0) + 1, **values)
    db.session.add(recipient)
    _settle(petition, "recipient.added", reason, actor)
    return recipient


def edit_recipient(recipient: Recipient, *, actor: str, reason: str = "", **values: Any) -> None:
    for name, value in values.items():
        setattr(recipient, name, value)
    _settle(recipient.petition, "recipient.edited", reason, actor)


def remove_recipient(recipient: Recipient, *, actor: str, reason: str = "") -> None:
    """Takes a recipient away. Raises LastRecipient where people are asked to sign to nobody else."""
    petition = recipient.petition
    if petition.state != PetitionState.DRAFT and len(petition.recipients) == 1:
        raise LastRecipient
    petition.recipients.remove(recipient)
    _settle(petition, "recipient.removed", reason, actor)


def answer(petition: Petition, *, actor: str, **values: Any) -> None:
    """Notes the official's answer. Raises WrongState."""
    outcomes.answer(petition, actor=actor, **values)
    audit.record(
        "petition.answered", petition.slug, actor=actor, on=petition.answered_on and petition.answered_on.isoformat()
    )


def win(petition: Petition, *, actor: str, **values: Any) -> None:
    """Ends it as won. Raises WrongState."""
    outcomes.win(petition, actor=actor, **values)
    audit.record("petition.won", petition.slug, actor=actor, on=petition.won_on and petition.won_on.isoformat())


def translate(petition: Petition, language: str, *, actor: str, **texts: str) -> None:
    """Writes a translation."""
    translations.write(petition, language, actor=actor, **texts)
    audit.record("petition.translated", petition.slug, actor=actor, language=language)


def remove_translation(petition: Petition, language: str, *, actor: str) -> None:
    """Raises TranslationNotFound."""
    translations.remove(petition, language)
    audit.record("petition.translation_removed", petition.slug, actor=actor, language=language)


def _settle(petition: Petition, act_name: str, reason: str, actor: str) -> None:
    """Who signs from now on agrees to the new recipients, so that their words are stored as a new version."""
    db.session.flush()
    version = versions.settle(petition, reason=reason, actor=actor)
    services.record_consent(petition)
    audit.record(act_name, petition.slug, actor=actor, **_because(version, reason))


def _because(version: PetitionVersion | None, reason: str) -> dict[str, Any]:
    """What the audit chain keeps of a new version."""
    return {"version": version.number, "reason": reason} if version else {}
