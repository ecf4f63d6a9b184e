"""Forms of gifts outside Stripe: one is entered, or taken back."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired, Length

from core import clock
from core.currencies import CURRENCIES
from core.money import AmountError, read_amount
from donations.offline.models import Means
from organisers.cases.services import list_all
from organisers.fields import Choice, Day, OfficeForm, line, name, text, yes_no

MEANS = {Means.BANK: _l("Bank transfer"), Means.CASH: _l("Cash"), Means.OTHER: _l("Something else")}


class OfflineForm(OfficeForm):
    """A gift as the treasurer has it before them; the reference tells it from every other that came in the same way."""

    given_on = Day(_l("Day"), [InputRequired(_l("Write the day on which the gift came."))])
    amount = StringField(_l("Amount"), [Length(max=20, message=_l("Write the amount in plain digits, like 25."))])
    currency = Choice(_l("Currency"), choices=[(code, code) for code in CURRENCIES], default="EUR")
    fund = Choice(_l("Fund"), default="")
    means = Choice(
        _l("How it came"), choices=[(key.value, label) for key, label in MEANS.items()], default=Means.BANK.value
    )
    reference = line(
        _l("Reference"), 120, _l("Write what tells this gift from every other, like the number of the line.")
    )
    name = name(_l("Donor’s name"), 120)
    show_name = yes_no(_l("Has the donor agreed to be named in public?"))
    note = text(_l("Note"), 500)

    @classmethod
    def fresh(cls) -> Any:
        form = cls(data={"show_name": "no", "given_on": clock.now().date()})
        form.cases = {str(case.id): case for case in list_all()}
        named = [(key, case.title) for key, case in form.cases.items()]
        form.fund.choices = [("", _("The general fund")), *named]
        return form

    def validate_amount(self, field: StringField) -> None:
        try:
            money = read_amount(field.data or "", self.currency.data)
        except AmountError as error:
            raise ValidationError(str(error)) from None
        if money.minor <= 0:
            raise ValidationError(_("Write the amount that came: more than nothing."))

    def validate_given_on(self, field: Day) -> None:
        if field.data and field.data > clock.now().date():
            raise ValidationError(_("This day is still to come."))

    def validate_show_name(self, field: Any) -> None:
        if field.data == "yes" and not self.name.data:
            raise ValidationError(_("Write the name that is to be shown, or answer no."))

    def entered(self) -> dict[str, Any]:
        """What `enter` takes beside the case."""
        return {
            "means": Means(self.means.data), "reference": self.reference.data, "given_on": self.given_on.data,
            "money": read_amount(self.amount.data or "", self.currency.data), "name": self.name.data or "",
            "note": self.note.data or "", "show_name": self.show_name.data == "yes",
        }  # fmt: skip


class TakeBackForm(OfficeForm):
    reason = line(
        _l("Reason"), 200, _l("Write why: the audit chain keeps it, and whoever looks later must understand.")
    )
