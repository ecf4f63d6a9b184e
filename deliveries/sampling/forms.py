"""What an official fills in to ask for a sample, and the two buttons of whoever is asked."""

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, ValidationError
from wtforms.validators import DataRequired, Regexp

from core.forms import Clean, PublicForm
from core.text import clean_line
from deliveries.sampling.services import LEAST

SEED = 200  # characters
NUMERIC = re.compile(
    r"[0-9 .,:;/+-]*[0-9][0-9 .,:;/+-]*\Z", re.ASCII
)  # no word: the page shows it to everybody, unread
NUMBERS = _l("Write numbers only, with spaces, commas or points between them as you like.")


class SampleForm(PublicForm):
    seed = StringField(
        _l("Your seed"), [Clean(clean_line, SEED), DataRequired(NUMBERS), Regexp(NUMERIC, message=NUMBERS)]
    )
    size = StringField(_l("How many lines"), [Clean(clean_line, 9)])

    def __init__(self, most: int, **given: Any) -> None:
        super().__init__(**given)
        self.most = most

    @property
    def lines(self) -> int:
        """How many lines a valid form asks for."""
        return int(self.size.data or "0")

    def validate_size(self, field: StringField) -> None:
        typed = field.data or ""
        if not (typed.isascii() and typed.isdigit() and LEAST <= int(typed) <= self.most):
            raise ValidationError(_("Write a whole number from %(least)s to %(most)s.", least=LEAST, most=self.most))


class AnswerForm(PublicForm):
    answer = HiddenField()

    @property
    def yes(self) -> bool:
        return self.answer.data == "yes"

    def validate_answer(self, field: HiddenField) -> None:
        if field.data not in ("yes", "no"):
            raise ValidationError(_l("Press one of the two buttons."))
