"""Forms of the clerk's page: the code that was told, what is noted on receipt, the answer's file."""

from flask_babel import lazy_gettext as _l
from wtforms import FileField, StringField, ValidationError
from wtforms.validators import DataRequired, Optional

from core import clock
from core.forms import Clean, Day, PublicForm
from core.text import clean_line

YEARS_AHEAD = 10


class CodeForm(PublicForm):
    code = StringField(_l("Code"), [Clean(clean_line, 40), DataRequired(_l("Type the code that you were told."))])


class ReceivedForm(PublicForm):
    file_number = StringField(_l("Your file number"), [Clean(clean_line, 120)])
    answer_due = Day(_l("Day by which an answer is due"), [Optional()])

    def validate_answer_due(self, field: Day) -> None:
        if field.data and not 2000 <= field.data.year <= clock.now().year + YEARS_AHEAD:
            raise ValidationError(_l("Give a day within the next ten years, like 2010-05-06."))


class ReplyForm(PublicForm):
    file = FileField(_l("The answer"))
