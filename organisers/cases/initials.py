"""Somebody becomes initials wherever this site names them: every place is shown first, then all is changed in one act."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import false, inspect, or_, select

from cases import gone, veil
from cases.comments.models import Comment
from cases.models import Case, CaseImage, Event, Person, ShownAs, initials
from cases.translations import services as translations
from cases.translations.models import CaseTranslation, EventTranslation, PersonTranslation
from core import audit
from core.db import db
from deliveries.clerk import papers
from deliveries.models import Delivery
from donations.general_fund import GeneralFund
from donations.wall.models import WallEntry
from organisers.cases import sealed_words
from organisers.cases.services import renew_consent_texts, unique_slug
from petitions import services as petitions
from petitions.models import Petition, Signature
from petitions.paper import sheet
from petitions.updates.models import Update
from petitions.versions.models import PetitionTranslation, PetitionVersion

AROUND = 60  # letters shown on each side of a place
CASE_COLUMNS = ("title", "lede", "story", "place", "urgency", "safety_note", "fund_title", "fund_text")
PETITION_COLUMNS = (
    "title", "ask", "letter", "first_signatory", "first_signatory_role", "legal_hold", "answer", "answer_source",
    "closing_lines",
)  # fmt: skip
TRANSLATED = ("title", "ask", "letter", "closing_lines", "answer")
VERSION_COLUMNS = ("texts", "first_signatory", "first_signatory_role", "reason")
# A column of JSON is read as far as its texts: texts.en.title.
TEXTS: tuple[tuple[Any, tuple[str, ...], Any, Callable[[Any], int | None]], ...] = (
    (Case, CASE_COLUMNS, _l("Case"), lambda row: row.id),
    (Person, translations.KINDS[Person].texts, _l("Person"), lambda row: row.case_id),
    (Event, ("title", "body", "source", "source_url"), _l("Event"), lambda row: row.case_id),
    (CaseTranslation, translations.KINDS[Case].texts, _l("Translation"), lambda row: row.case_id),
    (PersonTranslation, translations.KINDS[Person].texts, _l("Translation"), lambda row: row.case_id),
    (EventTranslation, translations.KINDS[Event].texts, _l("Translation"), lambda row: row.case_id),
    (CaseImage, ("alt", "credit"), _l("Picture"), lambda row: row.case_id),
    (Petition, PETITION_COLUMNS, _l("Petition"), lambda row: row.case_id),
    (PetitionTranslation, TRANSLATED, _l("Translation"), lambda row: _case_of(row.petition_id)),
    (PetitionVersion, VERSION_COLUMNS, _l("Older text"), lambda row: _case_of(row.petition_id)),
    (Update, ("texts", "headline"), _l("Update"), lambda row: _case_of(row.petition_id)),
    (Delivery, ("recipient", "purpose", "reply"), _l("Delivery"), lambda row: _case_of(row.petition_id)),
    (Comment, ("name", "text", "reply"), _l("Comment"), lambda row: row.case_id),
    (WallEntry, ("name", "message", "tribute_name"), _l("Wall of supporters"), lambda row: row.case_id),
    (GeneralFund, ("title", "text"), _l("General fund"), lambda row: None),
    (Signature, ("public_name", "public_affiliation"), _l("Public signature"), lambda row: _case_of(row.petition_id)),
)
SIGNED = ("name", "public_name")  # under words of their own: relatives may be called alike, so whole names only
ADDRESSES = ("source_url", "answer_source")
KINDS = {Case: "cases", Petition: "petitions"}


class PlacesChanged(ValueError):
    """Somebody has edited a text since the places were looked at."""


class AddressNames(ValueError):
    """A new address still holds a part of the name; the text says which."""


@dataclass(frozen=True)
class Place:
    """Where a text names the person. A whole name is always replaced; a part of it may mean something else."""

    key: str
    row: Any
    column: str
    kind: str
    before: str
    found: veil.Found
    after: str


@dataclass(frozen=True)
class Address:
    """A page whose address holds a part of the name, and the address proposed for it."""

    field: str
    row: Case | Petition
    proposed: str


@dataclass(frozen=True)
class Review:
    places: Sequence[Place]
    addresses: Sequence[Address]

    @property
    def seen(self) -> str:
        """Names this very state of the texts."""
        said = repr([(place.key, place.before, place.found, place.after) for place in self.places])
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def parts(self) -> list[Place]:
        return [place for place in self.places if not place.found.whole]


def review(person: Person) -> Review:
    """Every place that names this person: whole names on the whole site, parts of the name in the person's own case."""
    return Review(list(_places(person)), list(_addresses(person)))


def apply(person: Person, *, seen: str, accept: set[str], slugs: Mapping[str, str], actor: str) -> int:
    """Does it, and tells how many places were changed. Raises PlacesChanged, AddressNames or SlugTaken.

    The caller has prepared the vault for SITE. `accept`: the keys of the parts to be replaced; `slugs`: new addresses by field.
    Nothing keeps the name afterwards."""
    found, case = review(person), person.case
    if found.seen != seen:
        raise PlacesChanged
    for address in found.addresses:
        if veil.names_person(slugs[address.field], person):
            raise AddressNames(_("This address still holds a part of the name. Choose a different one."))
    changed = [place for place in found.places if place.found.whole or place.key in accept]
    for row, column in dict.fromkeys((place.row, place.column) for place in changed):
        here = [place.found for place in changed if (place.row, place.column) == (row, column)]
        _write(row, column, veil.replaced(_read(row, column), here))
    counts = {"places": len(changed), "addresses": len(found.addresses), "sealed": sealed_words.rewrite(person)}
    counts["papers"] = papers.withhold_all(case)  # nobody can write initials into a scan
    with unique_slug():
        for address in found.addresses:
            gone.give_up(KINDS[type(address.row)], address.row.slug)
            address.row.slug = slugs[address.field]
    person.name, person.other_spellings, person.shown_as = initials(person.name), "", ShownAs.INITIALS
    db.session.flush()
    _renew(case, [place.row for place in changed if isinstance(place.row, Petition)])
    audit.record("person.made_initials", case.slug, actor=actor, id=person.id, **counts)
    return len(changed)


def _renew(case: Case, elsewhere: Sequence[Petition]) -> None:
    """What people agree to is worded anew, and printed sheets that hold the name are thrown away."""
    renew_consent_texts(case)
    for petition in dict.fromkeys(elsewhere):
        petitions.record_consent(petition)
    theirs = db.session.scalars(select(Petition).where(Petition.case_id == case.id))
    for petition in {*theirs, *elsewhere}:
        sheet.forget(petition)


def _places(person: Person) -> Iterator[Place]:
    for table, columns, kind, case_of in TEXTS:
        for row in db.session.scalars(_rows(table, person)):
            own = case_of(row) == person.case_id
            name = ".".join(map(str, (table.__tablename__, *inspect(row).identity)))
            for column, text in _texts(row, columns):
                for found in _find(column, text, person, own=own):
                    yield Place(
                        f"{name}.{column}.{found.start}", row, column, str(kind),
                        text[max(0, found.start - AROUND) : found.start], found, text[found.end : found.end + AROUND],
                    )  # fmt: skip


def _rows(table: Any, person: Person) -> Any:
    """The rows of a table that may name the person: of signatures, which may be a million, those that hold a part of it."""
    every = select(table).order_by(*inspect(table).primary_key)
    if table is not Signature:
        return every
    forms = {form for word in _telling(person) for form in (word, word.title(), word.upper())}
    holds = (Signature.public_name.contains(form, autoescape=True) for form in sorted(forms))
    theirs = Signature.petition_id.in_(select(Petition.id).where(Petition.case_id == person.case_id))
    return every.where(theirs, or_(false(), *holds))


def _texts(row: Any, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each text of a row with its column, in JSON with the way to it."""
    for column in columns:
        value = getattr(row, column)
        yield from _leaves(column, value) if value else ()


def _leaves(way: str, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield way, value
        return
    for key, said in value.items():
        yield from _leaves(f"{way}.{key}", said)


def _read(row: Any, column: str) -> str:
    return dict(_texts(row, [column.partition(".")[0]]))[column]


def _write(row: Any, column: str, text: str) -> None:
    column, *way = column.split(".")
    setattr(row, column, _written(getattr(row, column), way, text))


def _written(value: Any, way: Sequence[str], text: str) -> Any:
    if not way:
        return text
    first, *rest = way
    return {**value, first: _written(value[first], rest, text)}


def _case_of(petition_id: int) -> int | None:
    petition = db.session.get(Petition, petition_id)
    return petition.case_id if petition else None


def _find(column: str, text: str, person: Person, *, own: bool) -> list[veil.Found]:
    if column not in ADDRESSES:
        return veil.find(text, person.spellings, parts=own and column not in SIGNED)
    said = unquote(text).casefold()
    whole = any(parts and all(part in said for part in parts) for parts in map(_parts, person.spellings))
    part = own and any(part in said for part in _telling(person))
    return [veil.Found(0, len(text), text, "", whole=whole)] if whole or part else []


def _addresses(person: Person) -> Iterator[Address]:
    petitions_of_case = db.session.scalars(
        select(Petition).where(Petition.case_id == person.case_id).order_by(Petition.id)
    )
    telling = _telling(person)
    for row in (person.case, *petitions_of_case):
        if veil.names_person(row.slug, person):
            parts = [part[0] if part in telling else part for part in row.slug.split("-")]
            yield Address(f"slug_{KINDS[type(row)]}_{row.id}", row, "-".join(parts))


def _telling(person: Person) -> set[str]:
    return {word for spelling in person.spellings for word in _parts(spelling)}


def _parts(spelling: str) -> set[str]:
    return {word.casefold() for word in veil.words_of(spelling)}
