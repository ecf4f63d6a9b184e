"""Forms of a delivery's record: the handing over, the reply, a paper, the clerk's address."""

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, FileField, ValidationError
from wtforms.validators import InputRequired, Optional

from core import clock
from core.addresses import clean_address
from core.forms import Clean
from deliveries.states import HandedHow, PaperKind
from organisers.fields import Choice, Day, OfficeForm, Radios, line, text

LONGEST = 20_000
TOMORROW = timedelta(hours=14)  # it is that already in Kiribati
HOW = {
    HandedHow.IN_PERSON: _l("In person"), HandedHow.POST: _l("By post"), HandedHow.EMAIL: _l("By email"),
    HandedHow.PLATFORM: _l("Through a platform of the recipient"), HandedHow.OTHER: _l("In another way"),
}  # fmt: skip
KINDS = {PaperKind.RECEIPT: _l("A receipt"), PaperKind.REPLY: _l("The reply")}


def _happened(field: Day) -> None:
    if field.data and field.data > (clock.now() + TOMORROW).date():
        raise ValidationError(_("This day is still to come. Give the day on which it happened."))


class HandOverForm(OfficeForm):
    handed_on = Day(_l("Day"), [InputRequired(_l("Give the day on which it was handed over."))])
    handed_how = Choice(
        _l("How"), [InputRequired(_l("Choose how."))], choices=[(str(key), word) for key, word in HOW.items()]
    )
    handed_by = line(_l("Who handed it over"), 120)
    file_number = line(_l("File number of the recipient"), 120)
    answer_due = Day(_l("Day by which an answer is due"), [Optional()])

    def validate_handed_on(self, field: Day) -> None:
        _happened(field)


class ReplyForm(OfficeForm):
    reply = text(
        _l("What the recipient replied"), LONGEST, _l("Write what was replied, or what the reply says in short.")
    )
    replied_on = Day(_l("Date of the reply"), [InputRequired(_l("Write the date, like 2010-05-06."))])

    def validate_replied_on(self, field: Day) -> None:
        _happened(field)


class PaperForm(OfficeForm):
    kind = Radios(
        _l("What it is"),
        [InputRequired(_l("Choose one of these."))],
        choices=[(str(key), word) for key, word in KINDS.items()],
    )
    file = FileField(_l("File"))


class ClerkForm(OfficeForm):
    email = EmailField(_l("Email address of the clerk"), [Clean(clean_address, 254)])
