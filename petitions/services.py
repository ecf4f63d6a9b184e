"""What is done to a petition itself: found, made, edited, moved from state to state."""

import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import immediateload, joinedload, selectinload

from cases import safety
from cases.models import Case, CaseImage, CaseStatus
from cases.services import CaseFrozen
from core import clock
from core.db import RowNotFound, db
from core.vault import vault
from petitions import consent, deadlines, showing
from petitions.models import Petition, Recipient
from petitions.states import HIDDEN_STATES, PetitionState
from petitions.versions import services as versions

S = PetitionState
TRANSITIONS: dict[PetitionState, tuple[PetitionState, ...]] = {  # what ended stays ended: the clocks of deletion run
    S.DRAFT: (S.SCHEDULED, S.OPEN, S.ARCHIVED),
    S.SCHEDULED: (S.DRAFT, S.OPEN),
    S.OPEN: (S.PAUSED, S.CLOSED, S.VICTORY),
    S.PAUSED: (S.OPEN, S.CLOSED, S.VICTORY),
    S.CLOSED: (S.OPEN, S.DELIVERED, S.ANSWERED, S.VICTORY, S.ARCHIVED),
    S.DELIVERED: (S.ANSWERED, S.VICTORY, S.ARCHIVED),
    S.ANSWERED: (S.CLOSED, S.DELIVERED, S.VICTORY, S.ARCHIVED),
    S.VICTORY: (S.CLOSED, S.DELIVERED, S.ANSWERED, S.ARCHIVED),
    S.ARCHIVED: (S.DRAFT, S.CLOSED, S.DELIVERED, S.ANSWERED, S.VICTORY),
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
    """Every petition (of a case) that stands in the public lists: open ones first, the newest before the older."""
    listed = _public().where(Petition.state != S.ARCHIVED, Case.frozen_at.is_(None))
    wanted = listed if case is None else listed.where(Petition.case_id == case.id)
    found = db.session.scalars(wanted.order_by(Petition.id.desc())).all()
    for petition in found:
        showing.shown(petition)
    return sorted(found, key=lambda petition: ORDER.index(petition.state))


def list_frozen() -> list[Petition]:
    """Petitions that the public could see, were their cases not frozen: for whoever signed one and wants to leave."""
    return list(db.session.scalars(_public().where(Case.frozen_at.is_not(None)).order_by(Petition.id)))


def _public() -> Any:
    of_picture = (
        selectinload(CaseImage.files),
        immediateload(CaseImage.case),
    )  # a remembered petition can load no more
    pictures = joinedload(Petition.case).selectinload(Case.images).options(*of_picture)
    options = (joinedload(Petition.case).selectinload(Case.people), selectinload(Petition.recipients), pictures)
    never = (Petition.state == S.ARCHIVED) & Petition.published_at.is_(None)
    hidden = Petition.state.in_(HIDDEN_STATES) | never | (Case.status == CaseStatus.DRAFT)
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
    if not petition.hidden:
        with force_locale(petition.language):
            consent.record(petition)
            with showing.as_public(petition):  # of a blurred case people read, and agree to, initials
                consent.record(petition)
    forget()


def record_all_consent() -> None:
    """record_consent of every petition: a release may word a choice anew, and confirming needs the words to be stored."""
    for petition in db.session.scalars(select(Petition).order_by(Petition.id)):
        record_consent(petition)


def publish(petition: Petition, *, actor: str = "") -> Petition:
    """Opens a petition for signatures. Raises NotReady with every reason at once, or WrongState."""
    now = clock.now()
    in_time = (
        not petition.opens_at or petition.opens_at <= now,
        _("The opening time is still to come: schedule it, or clear it."),
    )
    _check(petition, in_time)
    petition.opens_at, petition.published_at = petition.opens_at or now, petition.published_at or now
    versions.begin(petition, actor=actor)
    return move(petition, S.OPEN)


def schedule(petition: Petition) -> Petition:
    """From then on it opens by itself, at its time. Raises NotReady, WrongState."""
    to_come = petition.opens_at is not None and petition.opens_at > clock.now()
    _check(petition, (to_come, _("Give an opening time that is still to come, then schedule it.")))
    return move(petition, S.SCHEDULED)


def _check(petition: Petition, *further: tuple[bool, str]) -> None:
    """Raises NotReady with every reason why it cannot be published."""
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
        (not petition.closes_at or petition.closes_at > clock.now(), _("The closing date has passed: choose a later one.")),
        *further,
    )  # fmt: skip
    reasons = [sentence for holds, sentence in checks if not holds]
    if reasons:
        raise NotReady(reasons)


def move(petition: Petition, state: PetitionState) -> Petition:
    """Moves a petition along TRANSITIONS, in one UPDATE that is guarded by the state it was read in. Raises WrongState."""
    before = petition.state
    if state not in TRANSITIONS[before]:
        raise WrongState(f"{before} → {state}")
    values: dict[str, Any] = {"state": state}
    if state in deadlines.ENDED:  # whatever ends it: the clocks of deletion count from here
        values["closes_at"] = func.coalesce(_earlier(petition), clock.now())
    db.session.flush()
    here = (Petition.id == petition.id, Petition.state == before)
    moved = db.session.execute(update(Petition).where(*here).values(values).returning(Petition.id)).scalar()
    if moved is None:
        raise WrongState(f"{before} → {state}")
    db.session.refresh(petition)
    record_consent(petition)
    return petition


def _earlier(petition: Petition) -> Any:
    """The closing time that was set, where it has passed already."""
    return petition.closes_at if petition.closes_at and petition.closes_at < clock.now() else None
