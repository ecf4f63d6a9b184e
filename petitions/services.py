"""What is done to a petition itself: found, made, edited, moved from state to state."""

import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import joinedload, selectinload

from cases import safety
from cases.models import Case, CaseImage, CaseStatus
from cases.services import CaseFrozen
from core import clock
from core.db import RowNotFound, db
from core.vault import vault
from petitions import consent, deadlines, showing
from petitions.models import Petition, Recipient, Submission
from petitions.states import HIDDEN_STATES, PetitionState

S = PetitionState
TRANSITIONS: dict[PetitionState, tuple[PetitionState, ...]] = {
    S.DRAFT: (S.SCHEDULED, S.OPEN, S.ARCHIVED),
    S.SCHEDULED: (S.DRAFT, S.OPEN),
    S.OPEN: (S.PAUSED, S.CLOSED, S.VICTORY),
    S.PAUSED: (S.OPEN, S.CLOSED, S.VICTORY),
    S.CLOSED: (S.OPEN, S.DELIVERED, S.VICTORY, S.ARCHIVED),
    S.DELIVERED: (S.ANSWERED, S.VICTORY, S.ARCHIVED),
    S.ANSWERED: (S.VICTORY, S.ARCHIVED),
    S.VICTORY: (S.ARCHIVED,),
    S.ARCHIVED: (),
}
ORDER = (S.OPEN, S.PAUSED, S.VICTORY, S.ANSWERED, S.DELIVERED, S.CLOSED)
REMEMBERED = 1.0  # seconds: signing reads its petition at most once a second a process
_remembered: dict[tuple[Engine, str], tuple[float, Petition]] = {}


class PetitionNotFound(RowNotFound):
    """No such petition, or not one that the public may see."""


class WrongState(ValueError):
    """The petition cannot go from its state to that one."""


class NotReady(ValueError):
    """A petition cannot be published yet; `reasons` are sentences for the organiser."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def get(petition_id: int) -> Petition:
    """A petition in whatever state, by its id. Raises PetitionNotFound."""
    petition = db.session.get(Petition, petition_id)
    if petition is None:
        raise PetitionNotFound(petition_id)
    return petition


def get_by_slug(slug: str) -> Petition:
    """A petition in whatever state. Raises PetitionNotFound."""
    petition = db.session.scalar(select(Petition).where(Petition.slug == slug))
    if petition is None:
        raise PetitionNotFound(slug)
    return petition


def get_public(slug: str) -> Petition:
    """A petition that the public may see, with its case and recipients. Raises PetitionNotFound or CaseFrozen."""
    petition = db.session.scalar(_public().where(Petition.slug == slug))
    if petition is None:
        raise PetitionNotFound(slug)
    return showing.shown(petition)


def remembered(slug: str) -> Petition:
    """get_public, a second or two old and detached from any session: for the crowd that signs."""
    key = (db.engine, slug)
    until, petition = _remembered.get(key, (0.0, None))
    if petition is None or until < time.monotonic():
        if petition is not None:  # the crowd goes on with the old one while this thread reads
            _remembered[key] = (time.monotonic() + REMEMBERED, petition)
        try:
            petition = get_public(slug)
        except (PetitionNotFound, CaseFrozen):  # hidden since: the crowd must not go on with it
            _remembered.pop(key, None)
            raise
        db.session.close()  # detaches it, and gives the connection back before others are needed
        _remembered[key] = (time.monotonic() + REMEMBERED, petition)
    return petition


def forget() -> None:
    """Drops what `remembered` holds."""
    _remembered.clear()


def list_public(case: Case | None = None) -> list[Petition]:
    """Every petition (of a case) that the public may see: open ones first, the newest before the older."""
    wanted = _public() if case is None else _public().where(Petition.case_id == case.id)
    found = db.session.scalars(wanted.where(Case.frozen_at.is_(None)).order_by(Petition.id.desc())).all()
    for petition in found:
        showing.shown(petition)
    return sorted(found, key=lambda petition: ORDER.index(petition.state))


def _public() -> Any:
    pictures = joinedload(Petition.case).selectinload(Case.images).selectinload(CaseImage.files)
    options = (joinedload(Petition.case).selectinload(Case.people), selectinload(Petition.recipients), pictures)
    hidden = Petition.state.in_(HIDDEN_STATES) | (Case.status == CaseStatus.DRAFT)
    return (
        select(Petition)
        .join(Petition.case)
        .options(*options, joinedload(Petition.case).selectinload(Case.events))
        .where(~hidden)
    )


def create(case: Case, *, recipients: Iterable[Mapping[str, Any]] = (), **values: Any) -> Petition:
    """A new draft with a key pair and blind index of its own; `values` are columns of Petition."""
    values["sources"] = list(values.get("sources", ()))
    petition = Petition(case=case, public_id=secrets.token_hex(8), state=S.DRAFT, **values)
    for position, recipient in enumerate(recipients):
        petition.recipients.append(Recipient(position=position, **recipient))
    db.session.add(petition)
    vault().create_scope(petition.scope)
    db.session.flush()
    return petition


def edit(petition: Petition, **values: Any) -> Petition:
    """Changes columns; whoever signs from now on agrees to the new text, and it is stored as a new version."""
    for name, value in values.items():
        setattr(petition, name, value)
    db.session.flush()
    record_consent(petition)
    return petition


def record_consent(petition: Petition) -> None:
    """Stores the present words of consent of a petition that may be signed; call after its recipients change, too."""
    if petition.state not in HIDDEN_STATES:
        with force_locale(petition.language):
            consent.record(petition)
            with showing.as_public(petition):  # of a blurred case people read, and agree to, initials
                consent.record(petition)
    forget()


def record_all_consent() -> None:
    """record_consent of every petition: a release may word a choice anew, and confirming needs the words to be stored."""
    for petition in db.session.scalars(select(Petition).order_by(Petition.id)):
        record_consent(petition)


def publish(petition: Petition) -> Petition:
    """Opens a petition for signatures. Raises NotReady with every reason at once, or WrongState."""
    now = clock.now()
    checks = (
        (petition.recipients, _("Add the recipient to whom the letter is addressed.")),
        (petition.letter.strip(), _("Write the letter.")),
        (petition.ask.strip(), _("Say in a sentence or two what you ask for.")),
        (petition.case.status == CaseStatus.ACTIVE, _("Publish the case first.")),
        *((False, reason) for reason in safety.missing(petition.case)),
        (
            not deadlines.ran_out(petition),
            _("Who signed this petition has been deleted, so it cannot open again. Make a new petition."),
        ),
        (not petition.opens_at or petition.opens_at <= now, _("The opening time is still to come: publish then, or clear it.")),
        (not petition.closes_at or petition.closes_at > now, _("The closing date has passed: choose a later one.")),
    )  # fmt: skip
    reasons = [sentence for holds, sentence in checks if not holds]
    if reasons:
        raise NotReady(reasons)
    petition.opens_at = petition.opens_at or now
    return move(petition, S.OPEN)


def move(petition: Petition, state: PetitionState) -> Petition:
    """Moves a petition along TRANSITIONS, in one guarded UPDATE. Raises WrongState."""
    sources = [source for source, targets in TRANSITIONS.items() if state in targets]
    values: dict[str, Any] = {"state": state}
    if state in deadlines.ENDED:  # whatever ends it: the clocks of deletion count from here
        values["closes_at"] = func.coalesce(_earlier(petition), clock.now())
    db.session.flush()
    moved = db.session.execute(
        update(Petition)
        .where(Petition.id == petition.id, Petition.state.in_(sources))
        .values(values)
        .returning(Petition.id)
    ).scalar()
    if moved is None:
        raise WrongState(f"{petition.state} → {state}")
    db.session.refresh(petition)
    record_consent(petition)
    return petition


def _earlier(petition: Petition) -> Any:
    """The closing time that was set, where it has passed already."""
    return petition.closes_at if petition.closes_at and petition.closes_at < clock.now() else None


def waiting(petition_id: int) -> dict[str, int]:
    """How many submissions stand in each state."""
    counts = (
        select(Submission.state, func.count()).where(Submission.petition_id == petition_id).group_by(Submission.state)
    )
    return {state.value: count for state, count in db.session.execute(counts)}
