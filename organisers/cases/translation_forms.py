"""Forms of a case's texts in another language: beside what the original says now, and no longer than it may be."""

from typing import Any, Self

from flask_babel import lazy_gettext as _l

from cases.models import Case, Event, Person
from cases.translations.services import KINDS, Original
from organisers.cases.forms import CaseForm, EventForm, PersonForm
from organisers.fields import OfficeForm, line


class TranslationForm(OfficeForm):
    """What the original does not say is not asked for."""

    @classmethod
    def of(cls, row: Original, translation: Any) -> Self:
        form = cls(obj=translation)
        for name in KINDS[type(row)].texts:
            if not getattr(row, name):
                del form[name]
        return form


class CaseTranslationForm(TranslationForm):
    title = line(_l("Title"), 160, _l("Translate the title."))
    urgency, place, lede, story = CaseForm.urgency, CaseForm.place, CaseForm.lede, CaseForm.story
    fund_title, fund_text = CaseForm.fund_title, CaseForm.fund_text


class PersonTranslationForm(TranslationForm):
    about, charge, sentence, held_at = PersonForm.about, PersonForm.charge, PersonForm.sentence, PersonForm.held_at


class EventTranslationForm(TranslationForm):
    title, body = line(_l("Headline"), 160), EventForm.body


FORMS: dict[type[Any], type[TranslationForm]] = {
    Case: CaseTranslationForm, Person: PersonTranslationForm, Event: EventTranslationForm,
}  # fmt: skip
