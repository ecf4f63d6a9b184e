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


class AtTheEnd(ValueError):
    """Nobody stands above the first person, nor below the last."""


class StillCovered(ValueError):
    """While the case is blurred, the person's name is what its texts are searched for: without the row they would show it."""


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
    """Changes columns; while the case is blurred, a name or spelling that is taken away is still looked for."""
    known = part.spellings if isinstance(part, Person) and part.case.blurred_at else []
    changed = _change(part, values)
    if isinstance(part, Person) and (dropped := [one for one in known if one not in part.spellings]):
        part.other_spellings = "\n".join([part.other_spellings, *dropped]).strip()
    _settle(part)
    audit.record(f"{type(part).__name__.lower()}.edited", part.case.slug, actor=actor, id=part.id, fields=changed)


def move_person(person: Person, way: str, *, actor: str) -> None:
    """Changes places with whoever the case names before (`up`) or after this person. Raises AtTheEnd."""
    case = person.case
    db.session.execute(select(Case.id).where(Case.id == case.id).with_for_update())
    theirs = select(Person).where(Person.case_id == case.id).order_by(Person.position, Person.id)
    order = list(db.session.scalars(theirs.execution_options(populate_existing=True)))  # as it is behind the lock
    here = order.index(person)
    there = here + (1 if way == "down" else -1)
    if not 0 <= there < len(order):
        raise AtTheEnd(person.id)
    order[here], order[there] = order[there], order[here]
    for position, one in enumerate(order, 1):
        one.position = position
    db.session.flush()
    db.session.expire(case, ["people"])
    audit.record("person.moved", case.slug, actor=actor, id=person.id, to=there + 1)


def remove_part(part: Person | Event, *, actor: str) -> None:
    """Takes it out of the case. Raises StillCovered for a person of a blurred case."""
    if isinstance(part, Person) and part.case.blurred_at:
        raise StillCovered(part.id)
    audit.record(f"{type(part).__name__.lower()}.removed", part.case.slug, actor=actor, id=part.id)
    case = part.case
    (case.people if isinstance(part, Person) else case.events).remove(part)  # type: ignore[arg-type]
    db.session.flush()


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
