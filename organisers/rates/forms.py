"""The form of a dated rate."""

import re
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired

from core import clock
from core.currencies import CURRENCIES
from organisers.fields import Choice, Day, OfficeForm, line

RATE = re.compile(r"\d{1,8}(?:\.\d{1,9})?", re.ASCII)  # a comma is a thousand to some: a point only


class RateForm(OfficeForm):
    currency = Choice(_l("Currency"), choices=[(code, code) for code in CURRENCIES], default="USD")
    against = Choice(_l("Against"), choices=[(code, code) for code in CURRENCIES])
    rate = StringField(_l("Rate"), [InputRequired(_l("Write the rate in plain digits, like 1.0834."))])
    rated_on = Day(_l("Day of the rate"), [InputRequired(_l("Write the day that the rate is of."))])
    source = line(_l("Who published it"), 200, _l("Say who published the rate, like European Central Bank."))

    def validate_against(self, field: Choice) -> None:
        if field.data == self.currency.data:
            raise ValidationError(_("Choose two different currencies."))

    def validate_rate(self, field: StringField) -> None:
        typed = (field.data or "").strip()
        if not RATE.fullmatch(typed) or not Decimal(typed):
            raise ValidationError(_("Write the rate in plain digits with a point, like 1.0834."))

    def validate_rated_on(self, field: Day) -> None:
        if field.data and field.data > clock.now().date():
            raise ValidationError(_("This day is still to come."))

    def values(self) -> dict[str, Any]:
        return {**super().values(), "rate": Decimal((self.rate.data or "").strip())}
