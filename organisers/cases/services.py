"""Writing cases, the people held and the dated events; every act goes into the audit chain."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from cases import safety
from cases.models import Case, CaseImage, CaseStatus, Event, Person
from core import audit, clock
from core.db import RowNotFound, db
from organisers.accounts.scope import Cases, visible
from petitions import services as petitions
from petitions.models import Petition

SAFE_ANSWERS = {"endangers": "no", "agreed": "yes", "reprisals": "no"}
Part = TypeVar("Part", Person, Event, CaseImage)


class NotFound(RowNotFound):
    """No such case, person or event, or one of another case."""


class SlugTaken(ValueError):
    """Another case or petition has this address already."""


def list_all(cases: Cases = None) -> list[Case]:
    """These cases, or every one, the newest first, with the people held."""
    query = visible(select(Case), Case.id, cases)
    return list(db.session.scalars(query.options(selectinload(Case.people)).order_by(Case.id.desc())))


def get(case_id: int) -> Case:
    """A case in whatever status. Raises NotFound."""
    case = db.session.get(Case, case_id)
    if case is None:
        raise NotFound(case_id)
    return case


def get_part(kind: type[Part], case: Case, part_id: int) -> Part:
    """A person or event of this very case. Raises NotFound."""
    part = db.session.get(kind, part_id)
    if part is None or part.case_id != case.id:
        raise NotFound(part_id)
    return part


def create(*, actor: str, **values: Any) -> Case:
    """A new draft, dangerous until its safety questions are answered. Raises SlugTaken, or NotSafe for more than a draft."""
    if values.get("status", CaseStatus.DRAFT) != CaseStatus.DRAFT:
        raise safety.NotSafe([_("Make it a draft first. Once consents and the next review are recorded, publish it.")])
    case = Case(**{"status": CaseStatus.DRAFT, **values}, dangerous=True)
    with unique_slug():
        db.session.add(case)
    audit.record("case.created", case.slug, actor=actor)
    return case


def edit(case: Case, *, actor: str, **values: Any) -> Case:
    """Changes columns of a case; the audit entry names them. Raises SlugTaken, or NotSafe where it would be published."""
    if case.status == CaseStatus.DRAFT and values.get("status", CaseStatus.DRAFT) != CaseStatus.DRAFT:
        safety.need(case)
    with unique_slug():
        changed = _change(case, values)
    audit.record("case.edited", case.slug, actor=actor, fields=changed)
    return case


def answer_safety(case: Case, *, actor: str, note: str, **answers: str) -> Case:
    """Decides from the answers whether signing is dangerous, that is, whether `counted` is preselected."""
    case.dangerous = answers != SAFE_ANSWERS
    case.safety_answered_at, case.safety_note = clock.now(), note
    db.session.flush()
    audit.record("case.safety_answered", case.slug, actor=actor, dangerous=case.dangerous, **answers)
    return case


def add_part(kind: type[Part], case: Case, /, *, actor: str, **values: Any) -> Part:
    """Adds a person held, or an event, to the case; a person comes last."""
    if kind is Person:
        last = db.session.scalar(select(func.max(Person.position)).where(Person.case_id == case.id))
        values["position"] = (last or 0) + 1
    part = kind(case=case, **values)
    db.session.add(part)
    _settle(part)
    audit.record(f"{kind.__name__.lower()}.added", case.slug, actor=actor, id=part.id)
    return part


def edit_part(part: Person | Event, *, actor: str, **values: Any) -> None:
    changed = _change(part, values)
    _settle(part)
    audit.record(f"{type(part).__name__.lower()}.edited", part.case.slug, actor=actor, id=part.id, fields=changed)


def remove_part(part: Person | Event, *, actor: str) -> None:
    audit.record(f"{type(part).__name__.lower()}.removed", part.case.slug, actor=actor, id=part.id)
    case = part.case
    (case.people if isinstance(part, Person) else case.events).remove(part)  # type: ignore[arg-type]
    db.session.flush()
    if case.blurred_at:
        renew_consent_texts(case)


def renew_consent_texts(case: Case) -> None:
    """Stores what people agree to from now on: the letters with initials, while the case is blurred."""
    for petition in db.session.scalars(select(Petition).where(Petition.case_id == case.id).order_by(Petition.id)):
        petitions.record_consent(petition)


def _settle(part: Person | Event | CaseImage) -> None:
    """Other names of people are other initials in the letters of a blurred case."""
    db.session.flush()
    if isinstance(part, Person) and part.case.blurred_at:
        renew_consent_texts(part.case)


def _change(row: Any, values: dict[str, Any]) -> list[str]:
    """Sets what differs and gives the names of it."""
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    return changed


@contextmanager
def unique_slug() -> Iterator[None]:
    """Raises SlugTaken where what is written inside meets the slug of another row; nothing of it is kept then."""
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as error:
        if "slug" not in str(error.orig):
            raise
        raise SlugTaken from error
