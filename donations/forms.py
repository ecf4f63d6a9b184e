"""The form that a donor fills in."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel.numbers import get_currency_name
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    RadioField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import AnyOf, DataRequired, Length

from core.addresses import clean_address
from core.currencies import CURRENCIES, Currency
from core.forms import NO, Clean, PublicForm
from core.money import AmountError, Money, decimal_sign, from_major, parse_amount, with_fee
from core.text import clean_name, clean_words
from core.tokens import keyed_hash
from donations.funds import Fund, designations
from donations.models import Frequency, Tribute

FREQUENCIES = {
    Frequency.ONCE: _l("Once"), Frequency.MONTHLY: _l("Monthly"), Frequency.YEARLY: _l("Yearly"),
}  # fmt: skip
TRIBUTES = {
    Tribute.NONE: _l("No"), Tribute.MEMORY: _l("In memory of somebody"), Tribute.BEHALF: _l("On behalf of somebody"),
}  # fmt: skip
STRIPE_LARGEST = 99_999_999  # in Stripe's minor units: eight digits
SUGGESTED = 1  # the second preset of a rhythm is preselected
SOURCE = re.compile(r"[a-z0-9-]{1,20}")


@dataclass(frozen=True)
class Preset:
    """An amount to choose: what it comes to with the fee, and for which rhythms it is offered."""

    money: Money
    gross: Money
    frequencies: tuple[Frequency, ...]


def known_source(typed: str | None) -> str | None:
    """A code that says where the donor came from; what is none is dropped, for it is not the donor's doing."""
    return typed if typed and SOURCE.fullmatch(typed) else None


PROOFS = ("altcha", "ticket")  # another one comes with each press of the button


class DonateForm(PublicForm):
    """`amount` beats `preset` unless blank; a `designation` that is not sent is the page's own fund."""

    frequency = RadioField(
        _l("How often"),
        choices=list(FREQUENCIES.items()),
        validate_choice=False,
        validators=[AnyOf(list(Frequency), message=_l("Choose how often you want to give."))],
        default=Frequency.ONCE,
    )
    preset = RadioField(_l("Amount"), validate_choice=False, choices=[])
    amount = StringField(
        _l("Other amount"),
        [Length(max=20, message=_l("Write the amount in plain digits, like 25."))],
        filters=[lambda typed: typed and typed.strip()],
    )
    currency = HiddenField(
        validators=[AnyOf(list(CURRENCIES), message=_l("Choose one of the currencies in the list."))],
    )
    designation = RadioField(_l("Use my gift for"), validate_choice=False, choices=[])
    name = StringField(_l("Full name"), [Clean(clean_name, 120), DataRequired(_l("Write your name."))])
    email = EmailField(
        _l("Email address"),
        [DataRequired(_l("Write your email address, so that the receipt can reach you.")), Clean(clean_address, 254)],
    )
    cover_fee = BooleanField(_l("Add the payment fee, so that my whole gift arrives"), false_values=NO)
    show_name = BooleanField(_l("Show my name on the public list of supporters"), false_values=NO)
    show_badge = BooleanField(_l("Show the name of my patron level beside it"), false_values=NO)
    updates = BooleanField(_l("Email me when something happens in this case"), false_values=NO)
    message = TextAreaField(_l("Message of support"), [Clean(clean_words, 500)])
    tribute = RadioField(
        _l("Is the gift made in somebody’s name?"),
        choices=list(TRIBUTES.items()),
        validate_choice=False,
        validators=[AnyOf(list(Tribute), message=_l("Choose one of these."))],
        default=Tribute.NONE,
    )
    tribute_name = StringField(_l("That person’s name"), [Clean(clean_name, 120)])
    source = HiddenField(filters=[known_source])
    altcha = HiddenField()
    ticket = HiddenField()

    def __init__(self, fund: Fund, **given: Any) -> None:
        super().__init__(designation=fund.slug or "", **given)
        table = self.table
        self.funds = dict(designations(fund))
        self.designation.choices = list(self.funds.items())
        self.preset.choices = [(value, preset.money.text(_locale())) for value, preset in self.presets().items()]
        self.preset.label.text = _("Amount in %(currency)s", currency=currency_name(table.code, count=2))
        if self.preset.data is None and not self.amount.data and not self.is_submitted():
            self.preset.data = str(table.offers[self.rhythm].presets[SUGGESTED])

    @property
    def table(self) -> Currency:
        """The chosen currency's row, the first one's where none of ours is chosen."""
        return CURRENCIES.get(str(self.currency.data)) or next(iter(CURRENCIES.values()))

    @property
    def rhythm(self) -> Frequency:
        """How often; once where none of ours is chosen."""
        return Frequency(self.frequency.data) if self.frequency.data in list(Frequency) else Frequency.ONCE

    @property
    def fee_fixed(self) -> Money:
        """The fixed part of the payment fee, for the page."""
        return from_major(self.table.fee_fixed, self.table.code)

    @property
    def decimal_sign(self) -> str:
        """What stands before the decimals in the page's language."""
        return decimal_sign()

    @property
    def net(self) -> Money:
        """What the donor means to arrive. Raises AmountError."""
        return parse_amount(str(self.amount.data or self.preset.data or ""), self.table.code, self.rhythm)

    @property
    def gross(self) -> Money:
        """What Stripe is to take, fee cover included; of a valid form."""
        return with_fee(self.net) if self.cover_fee.data else self.net

    @property
    def wants_badge(self) -> bool:
        """Whether a patron's level may stand on the wall: it says about how much is given a month."""
        return self.show_name.data and self.show_badge.data and self.rhythm == Frequency.MONTHLY

    def validate_sum(self) -> bool:
        """Whether what decides the sum is in order; whatever else is missing yet is left alone."""
        currency, frequency = self.currency.validate(self), self.frequency.validate(self)
        return self.amount.validate(self, [DonateForm.validate_amount]) and currency and frequency

    def example(self) -> Preset | None:
        """The amount that is chosen as the page opens, and what it comes to with the fee; None where there is none."""
        try:
            return Preset(self.net, with_fee(self.net), (self.rhythm,))
        except AmountError:
            return None

    def presets(self) -> dict[str, Preset]:
        """Every preset of the currency by its field value, whatever the rhythm: the page shows those of the chosen one."""
        offers, code = self.table.offers, self.table.code
        found = {}
        for major in self.table.presets:
            money, rhythms = from_major(major, code), [each for each in Frequency if major in offers[each].presets]
            found[str(major)] = Preset(money, with_fee(money), tuple(rhythms))
        return found

    @property
    def proof(self) -> dict[str, str]:
        """What the form brings to show that no machine fills it in by the hundred."""
        return {"proof": self.altcha.data or "", "ticket": self.ticket.data or ""}

    def typed(self) -> list[tuple[str, str]]:
        """Name and value of every field that was filled in, as a browser would send them again."""
        left_out = (*PROOFS, "token")
        values = {name: "y" if value is True else value for name, value in self.data.items() if name not in left_out}
        return [(name, str(value)) for name, value in values.items() if value or name == "designation"]

    def validate_amount(self, field: Field) -> None:
        if field.errors or self.currency.data not in CURRENCIES:
            return
        if not field.data and self.preset.data not in self.presets():
            raise ValidationError(_("Choose one of the amounts, or write another one."))
        try:
            gross = self.gross
        except AmountError as error:
            raise ValidationError(str(error)) from None
        if gross.stripe_minor > STRIPE_LARGEST:
            raise ValidationError(_("This is more than the form takes; write to us and we will arrange it."))

    def validate_designation(self, field: RadioField) -> None:
        if field.data not in self.funds:
            raise ValidationError(_("This fund takes no gifts at the moment. Choose another one."))

    def validate_tribute_name(self, field: StringField) -> None:
        named, wanted = bool(field.data), self.tribute.data != Tribute.NONE
        if wanted and not named:
            raise ValidationError(_("Write the name of the person, or choose “No” above."))
        if named and not wanted:
            raise ValidationError(_("Choose above whether the gift is in memory or on behalf of this person."))

    def fingerprint(self, *more: str | None) -> bytes:
        """Equal for the same form sent twice: its token and every field that a donor fills in."""
        filled = [value for name, value in self.data.items() if name not in PROOFS]
        return keyed_hash("donation-form", json.dumps([*filled, *more]))


def prefilled(fund: Fund, given: Mapping[str, Any]) -> DonateForm:
    """The form with amount, currency, frequency, fee cover and source from an address; what is no good there is left out."""
    wanted = str(given.get("currency", "")).upper()
    code = wanted if wanted in CURRENCIES else fund.currency
    amount, chosen = str(given.get("amount", "")), given.get("frequency")
    frequency = Frequency(chosen) if chosen in list(Frequency) else Frequency.ONCE
    try:
        parse_amount(amount, code, frequency)
    except AmountError:
        amount = ""
    values = {
        "currency": code, "frequency": frequency, "cover_fee": given.get("cover_fee") is True, "source": given.get("source"),
    }  # fmt: skip
    is_preset = amount in map(str, CURRENCIES[code].presets)
    return DonateForm(fund, formdata=None, data={**values, "preset" if is_preset else "amount": amount or None})


def currency_name(code: str, count: int | None = None) -> str:
    """A currency's name in the reader's language, in the plural for a count."""
    return get_currency_name(code, count=count, locale=_locale())


def currency_choices() -> list[tuple[str, str]]:
    """Code and label of every currency that we take."""
    return [(code, f"{code} – {currency_name(code)}") for code in CURRENCIES]


def _locale() -> str:
    return str(get_locale() or "en")
