"""Forms of retention: the last delivery, a legal hold and its end, the typed yes to erasing."""

from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired, NumberRange

from organisers.fields import Day, OfficeForm, Whole, line, text
from petitions.deadlines import LONGEST, SHORTEST

DAYS = _l("Write a whole number of days from %(shortest)s to %(longest)s.", shortest=SHORTEST, longest=LONGEST)


class DeliveryForm(OfficeForm):
    on = Day(_l("Day of the last delivery"), [InputRequired(_l("Give the day on which the letter was handed over."))])
    days = Whole(_l("Days that names stay after it"), [InputRequired(DAYS), NumberRange(SHORTEST, LONGEST, DAYS)])


class HoldForm(OfficeForm):
    reason = text(_l("Reason"), 1_000, _l("Give the reason: who demands it, on what ground, until when."))


class EraseForm(OfficeForm):
    typed = line(_l("Address of the petition"), 80, _l("Type the address of the petition to confirm."))
