"""Forms of the gifts: what the list is searched for, and a refund."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, HiddenField, SelectField, StringField, ValidationError

from core.currencies import CURRENCIES
from core.money import AmountError, Money, read_amount
from organisers.accounts.scope import Cases
from organisers.cases.services import list_all
from organisers.fields import OfficeForm, line
from organisers.gifts.finding import GENERAL
from organisers.gifts.words import STATES


class FindForm(Form):
    """What the list is narrowed to; what is no choice of ours narrows nothing."""

    number = StringField(_l("Number"))
    state = SelectField(_l("State"), validate_choice=False)
    fund = SelectField(_l("Fund"), validate_choice=False)
    currency = SelectField(_l("Currency"), validate_choice=False)
    offered: dict[str, set[str]]

    @classmethod
    def of_request(cls, cases: Cases) -> "FindForm":
        form = cls(request.args)
        funds = [(str(case.id), case.title) for case in list_all(cases)]
        form.offered = {"state": set(STATES), "fund": {GENERAL, *dict(funds)}, "currency": set(CURRENCIES)}
        form.state.choices = [("", _("Any")), *STATES.items()]
        form.fund.choices = [("", _("Any")), (GENERAL, _("The general fund")), *funds]
        form.currency.choices = [("", _("Any")), *((code, code) for code in CURRENCIES)]
        return form

    def asked(self) -> dict[str, str]:
        """What narrows the list, blanks left out."""
        given = {"number": (self.number.data or "").strip()[:255].replace("\0", "")}
        for field in (self.state, self.fund, self.currency):
            given[field.name] = field.data if field.data in self.offered[field.name] else ""
        return {name: value for name, value in given.items() if value}


class RefundForm(OfficeForm):
    """How much goes back and why. `left` is what the page said was left; `confirmed` is set by the second step."""

    amount = StringField(_l("Amount"))
    reason = line(
        _l("Reason"), 200, _l("Write why: the audit chain keeps it, and whoever looks later must understand.")
    )
    left = HiddenField()
    confirmed = HiddenField()
    remainder: Money

    @classmethod
    def of(cls, left: Money) -> Any:
        """The form of a payment of which so much is left: the whole of it is proposed."""
        form = cls(data={"amount": left.plain})
        form.remainder = left
        return form

    @property
    def money(self) -> Money:
        """The amount; of a valid form."""
        return read_amount(self.amount.data or "", self.remainder.currency)

    @property
    def shown(self) -> Money:
        """What the page said was left; nothing where the field was changed by hand."""
        typed = self.left.data or ""
        return Money(int(typed) if typed.isascii() and typed.isdecimal() else 0, self.remainder.currency)

    def validate_amount(self, field: StringField) -> None:
        try:
            money = self.money
        except AmountError as error:
            raise ValidationError(str(error)) from None
        if money.minor <= 0:
            raise ValidationError(_("Write how much goes back: more than nothing."))
        if money.minor > self.remainder.minor:
            raise ValidationError(too_much(self.remainder))


def too_much(left: Money) -> str:
    return _("Only %(left)s of this payment is left to refund.", left=left.text())
