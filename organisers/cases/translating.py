"""A case in other languages, in the office: written and taken away, every act in the audit chain."""

from cases.models import Case
from cases.translations import services as translations
from cases.translations.services import Original
from core import audit


def write(row: Original, language: str, *, actor: str, **texts: str) -> None:
    """Writes the translation of a case, a person or an event. Raises TranslationNotFound where a part's case has none."""
    translations.write(row, language, actor=actor, **texts)
    slug, kind = translations.case_of(row).slug, type(row).__name__.lower()
    audit.record(f"{kind}.translated", slug, actor=actor, id=row.id, language=language)


def remove(case: Case, language: str, *, actor: str) -> None:
    """Takes a language away, with the people and events in it. Raises TranslationNotFound."""
    translations.remove(case, language)
    audit.record("case.translation_removed", case.slug, actor=actor, language=language)
