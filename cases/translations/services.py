"""A case in other languages: written in the office beside the original, read under an address of its own."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cases import veil
from cases.models import Case, Event, Person
from cases.translations.models import CaseTranslation, EventTranslation, PersonTranslation
from core import clock, languages
from core.db import RowNotFound, db, insert
from core.languages import Said

Original = Case | Person | Event


class TranslationNotFound(RowNotFound):
    """This case is not to be had in that language."""


class State(enum.StrEnum):
    """How a translation stands to its original."""

    MISSING = "missing"
    STALE = "stale"
    CURRENT = "current"


@dataclass(frozen=True)
class Kind:
    """Where translations of a kind of thing stand, by which column they name it, and what of it is translated."""

    table: Any
    key: str
    texts: tuple[str, ...]


KINDS: Mapping[type[Any], Kind] = {
    Case: Kind(CaseTranslation, "case_id", veil.CASE_TEXTS),
    Person: Kind(PersonTranslation, "person_id", ("about", "charge", "sentence", "held_at")),
    Event: Kind(EventTranslation, "event_id", ("title", "body")),
}


@dataclass(frozen=True)
class Reading:
    """What a reader of one language sees of a case: its words there, where they are missing the original's."""

    case: Case
    language: str
    languages: tuple[str, ...] = ()
    rows: Mapping[tuple[type[Any], int], Any] = field(default_factory=dict)

    @property
    def original(self) -> str:
        return self.case.language

    def said(self, row: Original, column: str) -> Said:
        """A text of the case, of a person or of an event in it; nothing where the original says nothing any more."""
        original: str = getattr(row, column)
        words: str = getattr(self.rows.get((type(row), row.id)), column, "")
        if original and words:
            return Said(veil.shown(self.case, words), self.language)
        return Said(original, self.case.language)


def languages_of(case: Case) -> tuple[str, ...]:
    """The languages that the case is to be had in, the original's first."""
    theirs = select(CaseTranslation.language).where(CaseTranslation.case_id == case.id)
    others = theirs.where(CaseTranslation.language != case.language).order_by(CaseTranslation.language)
    return (case.language, *db.session.scalars(others))


def reading(case: Case, language: str = "") -> Reading:
    """The case as its own page shows it in a language, or in its own. Raises TranslationNotFound."""
    wanted, found = language or case.language, languages_of(case)
    if wanted not in found:
        raise TranslationNotFound(wanted)
    return Reading(case, wanted, found, _rows(case, wanted))


def reading_beside(case: Case, language: str) -> Reading:
    """The case as a page in that language shows it beside something else: in the original where it is not translated."""
    rows = _rows(case, language)
    return Reading(case, language if rows else case.language, rows=rows)


def find(row: Original, language: str) -> Any:
    """The translation of a case, a person or an event into a language, or None."""
    return db.session.get(KINDS[type(row)].table, (row.id, language))


def write(row: Original, language: str, *, actor: str, **texts: str) -> None:
    """Sets texts of a case, a person or an event, as translated from the original as it is now; a part that says nothing
    is read in the original. Raises TranslationNotFound where the case of a part is not translated yet."""
    kind, case = KINDS[type(row)], case_of(row)
    if row is not case and not any(texts.values()):
        _remove(row, language)
        return
    given = {**texts, "source_digest": source_digest(row), "actor": actor, "updated_at": clock.now()}
    first = {**dict.fromkeys(kind.texts, ""), "case_id": case.id, kind.key: row.id, "language": language, **given}
    made = insert(kind.table).values(first).on_conflict_do_update(index_elements=[kind.key, "language"], set_=given)
    try:
        with db.session.begin_nested():
            db.session.execute(made)
    except IntegrityError as error:
        raise TranslationNotFound(language) from error
    db.session.expire_all()


def remove(case: Case, language: str) -> None:
    """Takes everything of the case in a language away. Raises TranslationNotFound."""
    if not _remove(case, language):
        raise TranslationNotFound(language)


def states(case: Case) -> dict[str, dict[Original, State]]:
    """For each language that the case is translated into: how each text of it stands, where there is something to say."""
    found = {kind: _all(case, kind) for kind in KINDS}
    everything: tuple[Original, ...] = (case, *case.people, *case.events)
    rows = [row for row in everything if any(_texts(row))]
    return {
        language: {row: _state(row, found[type(row)].get((row.id, language))) for row in rows}
        for language in languages_of(case)[1:]
    }


def up_to_date(row: Original, translation: Any) -> bool:
    """Whether the original still says what was translated."""
    return bool(translation.source_digest == source_digest(row))


def source_digest(row: Original) -> str:
    """The hash of everything that a translation renders."""
    return languages.digest_of(case_of(row).language, _texts(row))


def case_of(row: Original) -> Case:
    return row if isinstance(row, Case) else row.case


def _texts(row: Original) -> list[str]:
    return [getattr(row, name) for name in KINDS[type(row)].texts]


def _state(row: Original, translation: Any) -> State:
    if translation is None:
        return State.MISSING
    return State.CURRENT if up_to_date(row, translation) else State.STALE


def _rows(case: Case, language: str) -> dict[tuple[type[Any], int], Any]:
    """Every translation of the case and its parts into a language; none into its own."""
    if language == case.language:
        return {}
    found = {kind: _all(case, kind, language) for kind in KINDS}
    return {(kind, row_id): row for kind, rows in found.items() for (row_id, _code), row in rows.items()}


def _all(case: Case, kind: type[Any], language: str = "") -> dict[tuple[int, str], Any]:
    """The translations of one kind, by what they are of and their language."""
    table, key = KINDS[kind].table, KINDS[kind].key
    wanted = select(table).where(table.case_id == case.id)
    if language:
        wanted = wanted.where(table.language == language)
    return {(getattr(row, key), row.language): row for row in db.session.scalars(wanted)}


def _remove(row: Original, language: str) -> bool:
    found = find(row, language)
    if found is not None:
        db.session.delete(found)
        db.session.flush()
    return found is not None
