"""The form that a donor fills in."""

import json
from collections.abc import Mapping
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
from core.forms import NO, Clean, PublicForm
from core.money import CURRENCIES, AmountError, Currency, Money, from_major, parse_amount, with_fee
from core.text import clean_name, clean_text
from core.tokens import keyed_hash
from donations.models import Frequency

FREQUENCIES = {
    Frequency.ONCE: _l("Once"), Frequency.MONTHLY: _l("Monthly"), Frequency.YEARLY: _l("Yearly"),
}  # fmt: skip
OFFERED = (Frequency.ONCE, Frequency.MONTHLY)
STRIPE_LARGEST = 99_999_999  # in Stripe's minor units: eight digits
PROOFS = ("altcha", "ticket")  # another one comes with each press of the button
SUGGESTED = 1  # the second preset is preselected


class DonateForm(PublicForm):
    """`amount` beats `preset` unless blank; `show_name` and `message` are taken, not offered: there is no page for them yet."""

    frequency = RadioField(
        _l("How often"),
        choices=[],
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
    name = StringField(_l("Full name"), [Clean(clean_name, 120), DataRequired(_l("Write your name."))])
    email = EmailField(
        _l("Email address"),
        [DataRequired(_l("Write your email address, so that the receipt can reach you.")), Clean(clean_address, 254)],
    )
    cover_fee = BooleanField(false_values=NO)
    show_name = BooleanField(false_values=NO)
    message = TextAreaField(_l("Message"), [Clean(clean_text, 500)])
    altcha = HiddenField()
    ticket = HiddenField()

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        table = self.table
        self.preset.choices = [(str(major), from_major(major, table.code).text(_locale())) for major in table.presets]
        self.preset.label.text = _("Amount in %(currency)s", currency=currency_name(table.code, count=2))
        shown = (*OFFERED, Frequency(self.frequency.data)) if self.frequency.data in list(Frequency) else OFFERED
        self.frequency.choices = [(value, FREQUENCIES[value]) for value in Frequency if value in shown]
        if self.preset.data is None and not self.amount.data and not self.is_submitted():
            self.preset.data = str(table.presets[SUGGESTED])

    @property
    def table(self) -> Currency:
        """The chosen currency's row, the first one's where none of ours is chosen."""
        return CURRENCIES.get(str(self.currency.data)) or next(iter(CURRENCIES.values()))

    @property
    def fee_fixed(self) -> Money:
        """The fixed part of the card fee, for the page."""
        return from_major(self.table.fee_fixed, self.table.code)

    @property
    def gross(self) -> Money:
        """What Stripe is to take, fee cover included; of a valid form."""
        net = parse_amount(self._typed(), self.table.code)
        return with_fee(net) if self.cover_fee.data else net

    @property
    def proof(self) -> dict[str, str]:
        """What the form brings to show that no machine fills it in by the hundred."""
        return {"proof": self.altcha.data or "", "ticket": self.ticket.data or ""}

    def validate_amount(self, field: Field) -> None:
        if field.errors or self.currency.data not in CURRENCIES:
            return
        if not field.data and self.preset.data not in [str(major) for major in self.table.presets]:
            raise ValidationError(_("Choose one of the amounts, or write another one."))
        try:
            gross = self.gross
        except AmountError as error:
            raise ValidationError(str(error)) from None
        if gross.stripe_minor > STRIPE_LARGEST:
            raise ValidationError(_("This is more than the form takes; write to us and we will arrange it."))

    def fingerprint(self, *more: str | None) -> bytes:
        """Equal for the same form sent twice: its token and every field that a donor fills in."""
        filled = [value for name, value in self.data.items() if name not in PROOFS]
        return keyed_hash("donation-form", json.dumps([*filled, *more]))

    def _typed(self) -> str:
        return str(self.amount.data or self.preset.data or "")


def prefilled(currency: str, given: Mapping[str, Any]) -> DonateForm:
    """The form with amount, currency, frequency and fee cover from an address; what is no good there is left out."""
    wanted = str(given.get("currency", "")).upper()
    code = wanted if wanted in CURRENCIES else currency
    amount, frequency = str(given.get("amount", "")), given.get("frequency")
    try:
        parse_amount(amount, code)
    except AmountError:
        amount = ""
    values = {
        "currency": code,
        "frequency": frequency if frequency in list(Frequency) else Frequency.ONCE,
        "cover_fee": given.get("cover_fee") is True,
    }
    is_preset = amount in [str(major) for major in CURRENCIES[code].presets]
    return DonateForm(formdata=None, data={**values, "preset" if is_preset else "amount": amount or None})


def currency_name(code: str, count: int | None = None) -> str:
    """A currency's name in the reader's language, in the plural for a count."""
    return get_currency_name(code, count=count, locale=_locale())


def currency_choices() -> list[tuple[str, str]]:
    """Code and label of every currency that we take."""
    return [(code, f"{code} – {currency_name(code)}") for code in CURRENCIES]


def _locale() -> str:
    return str(get_locale() or "en")
