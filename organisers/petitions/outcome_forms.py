"""Forms of what became of a petition: the official's answer, the victory; and of its texts in another language."""

from datetime import timedelta
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired

from core import clock
from organisers.fields import Day, OfficeForm, line, text, web_address
from petitions.models import Petition

LONGEST = 20_000
EARLIEST_ZONE = timedelta(hours=14)  # it is tomorrow already in Kiribati


def _happened(field: Day) -> None:
    if field.data and field.data > (clock.now() + EARLIEST_ZONE).date():
        raise ValidationError(_("This day is still to come. Give the day on which it happened."))


class AnswerForm(OfficeForm):
    answer = text(_l("The answer"), LONGEST, _l("Write what the official answered, or what the answer says in short."))
    answered_on = Day(_l("Date of the answer"), [InputRequired(_l("Write the date, like 2010-05-06."))])
    answer_source = line(_l("Web address where the answer can be read"), 500)

    def validate_answered_on(self, field: Day) -> None:
        _happened(field)

    def validate_answer_source(self, field: StringField) -> None:
        web_address(field)


class VictoryForm(OfficeForm):
    closing_lines = text(_l("Closing lines"), LONGEST, _l("Write in a few lines what was reached, and thank people."))
    won_on = Day(_l("Date of the victory"), [InputRequired(_l("Write the date, like 2010-05-06."))])

    def validate_won_on(self, field: Day) -> None:
        _happened(field)


class TranslationForm(OfficeForm):
    """The texts in another language; closing lines and answer only where the original has them."""

    title = line(_l("Title"), 160, _l("Translate the title."))
    ask = text(_l("What it asks for, in a sentence or two"), 1_000, _l("Translate what it asks for."))
    letter = text(_l("The letter"), LONGEST, _l("Translate the letter."))
    closing_lines = text(_l("Closing lines"), LONGEST)
    answer = text(_l("The answer"), LONGEST)

    @classmethod
    def of(cls, petition: Petition, translation: Any) -> Self:
        form = cls(obj=translation)
        for name in ("closing_lines", "answer"):
            if not getattr(petition, name):
                del form[name]
        return form
