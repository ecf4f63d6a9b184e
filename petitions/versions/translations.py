"""A petition's texts in other languages: written in the office, read under an address of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cases import veil
from core import clock, languages
from core.db import RowNotFound, db
from core.languages import Said
from petitions.models import Petition
from petitions.versions.models import PetitionTranslation

FIELDS = ("title", "ask", "letter", "closing_lines", "answer")
NEEDED = ("title", "ask", "letter")  # of a translation, where the original has them


class TranslationNotFound(RowNotFound):
    """This petition is not to be had in that language."""


@dataclass(frozen=True)
class Reading:
    """What a reader of one language sees of a petition: its words there, where they are missing the original's."""

    language: str
    title: Said
    ask: Said
    letter: Said
    closing_lines: Said
    answer: Said
    languages: tuple[str, ...]

    @property
    def original(self) -> str:
        """The language of the letter that is handed over."""
        return self.languages[0]


def offered(petition: Petition) -> list[str]:
    """The languages that it may be translated into."""
    return languages.besides(petition.language)


def list_of(petition: Petition) -> Sequence[PetitionTranslation]:
    """Its translations; one into what has become the original is left out."""
    others = PetitionTranslation.language != petition.language
    theirs = select(PetitionTranslation).where(PetitionTranslation.petition_id == petition.id, others)
    return db.session.scalars(theirs.order_by(PetitionTranslation.language)).all()


def find(petition: Petition, language: str) -> PetitionTranslation | None:
    """The translation into a language; one into what has become the original is not shown."""
    return db.session.get(PetitionTranslation, (petition.id, language)) if language != petition.language else None


def get(petition: Petition, language: str) -> PetitionTranslation:
    """Raises TranslationNotFound."""
    found = find(petition, language)
    if found is None:
        raise TranslationNotFound(language)
    return found


def write(petition: Petition, language: str, *, actor: str, **texts: str) -> PetitionTranslation:
    """Sets the texts in a language, as translated from the original as it is now."""
    found = find(petition, language) or PetitionTranslation(petition_id=petition.id, language=language)
    for name, text in texts.items():
        setattr(found, name, text)
    found.source_digest, found.actor, found.updated_at = source_digest(petition), actor, clock.now()
    db.session.add(found)
    db.session.flush()
    return found


def remove(petition: Petition, language: str) -> None:
    """Readers of that language see the original. Raises TranslationNotFound."""
    db.session.delete(get(petition, language))
    db.session.flush()


def up_to_date(translation: PetitionTranslation, petition: Petition) -> bool:
    """Whether the original still says what was translated."""
    return translation.source_digest == source_digest(petition)


def source_digest(petition: Petition) -> str:
    """The hash of everything that a translation renders."""
    return languages.digest_of(petition.language, (getattr(petition, name) for name in FIELDS))


def reading(petition: Petition, language: str = "") -> Reading:
    """The petition as it is read in a language, or in its own. Raises TranslationNotFound."""
    rows = {one.language: one for one in list_of(petition)}
    wanted = language or petition.language
    if wanted != petition.language and wanted not in rows:
        raise TranslationNotFound(language)
    return _reading(petition, rows, wanted)


def readings_beside(petitions: Sequence[Petition], language: str) -> dict[int, Reading]:
    """The petitions, by id, as a page in that language shows them: in the original where they are not translated."""
    rows: dict[int, dict[str, PetitionTranslation]] = {petition.id: {} for petition in petitions}
    theirs = select(PetitionTranslation).where(PetitionTranslation.petition_id.in_(rows))
    for one in db.session.scalars(theirs.order_by(PetitionTranslation.language)):
        rows[one.petition_id][one.language] = one
    return {petition.id: _beside(petition, rows[petition.id], language) for petition in petitions}


def _beside(petition: Petition, rows: dict[str, PetitionTranslation], language: str) -> Reading:
    rows.pop(petition.language, None)
    return _reading(petition, rows, language if language in rows else petition.language)


def _reading(petition: Petition, rows: Mapping[str, PetitionTranslation], wanted: str) -> Reading:
    said = {name: _said(petition, rows.get(wanted), name) for name in FIELDS}
    return Reading(wanted, languages=(petition.language, *rows), **said)


def _said(petition: Petition, translation: PetitionTranslation | None, name: str) -> Any:
    words = getattr(translation, name) if translation else ""
    if translation and words:
        return Said(veil.shown(petition.case, words), translation.language)
    return Said(getattr(petition, name), petition.language)
