"""The forms of a donor's own page, and the one that asks for a link to it."""

from datetime import datetime
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length

from core import clock, countries
from core.addresses import clean_address
from core.forms import Clean, PublicForm
from core.money import AmountError, Money, parse_amount
from core.text import clean_line, clean_name
from donations.forms import STRIPE_LARGEST
from donations.own_page.services import RegularGift

MOST_MONTHS = 12
PLAIN = _l("Write the amount in plain digits, like 25.")


class ButtonForm(PublicForm):
    """One button and nothing to fill in."""


class NumberForm(PublicForm):
    """A button that says which payment, or which year, it is about."""

    number = HiddenField()

    def validate_number(self, field: HiddenField) -> None:
        if not (field.data or "").isascii() or not (field.data or "").isdigit() or len(field.data or "") > 15:
            raise ValidationError(_l("Press one of the buttons on the page."))


class LinkForm(PublicForm):
    """Asks for a link by mail."""

    email = EmailField(
        _l("Email address that your receipts come to"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(clean_address, 254)],
    )


class NewAddressForm(PublicForm):
    """The address that mail shall go to from now on."""

    email = EmailField(
        _l("New email address"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(clean_address, 254)],
    )


class PostalForm(PublicForm):
    """Name and postal address as they stand on a tax receipt."""

    name = StringField(_l("Full name"), [Clean(clean_name, 120), DataRequired(_l("Write your name."))])
    street = StringField(
        _l("Street and number"), [Clean(clean_line, 200), DataRequired(_l("Write the street and the number."))]
    )
    postal_code = StringField(_l("Postal code (if there is one)"), [Clean(clean_line, 20)])
    place = StringField(_l("Town"), [Clean(clean_line, 120), DataRequired(_l("Write the town."))])
    country = SelectField(_l("Country"), validate_choice=False)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.country.choices = [("", _("Choose the country")), *countries.choices()]

    def validate_country(self, field: SelectField) -> None:
        if not countries.known(field.data or ""):
            raise ValidationError(_l("Choose the country."))

    @property
    def postal(self) -> dict[str, str]:
        """The address by field."""
        return {name: self[name].data or "" for name in ("street", "postal_code", "place", "country")}


class PauseForm(PublicForm):
    """How many months nothing shall be taken."""

    months = SelectField(_l("For how long"), validate_choice=False)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.months.choices = [("", _("Choose how long")), *((str(number), _pause(number)) for number in _months())]

    def validate_months(self, field: SelectField) -> None:
        if field.data not in map(str, _months()):
            raise ValidationError(_l("Choose how many months nothing shall be taken."))

    @property
    def until(self) -> datetime:
        """When it goes on."""
        return clock.months_later(clock.now(), int(self.months.data))


class AmountForm(PublicForm):
    """What shall be taken each time from the next payment on, in the gift's currency."""

    amount = StringField(_l("New amount"), [InputRequired(PLAIN), Length(max=20, message=PLAIN)])

    def __init__(self, gift: RegularGift, **given: Any) -> None:
        super().__init__(**given)
        self.gift = gift
        self.money: Money | None = None
        self.amount.label.text = _("New amount in %(currency)s", currency=gift.donation.currency)

    def validate_amount(self, field: StringField) -> None:
        try:
            money = parse_amount(str(field.data), self.gift.donation.currency, self.gift.donation.frequency)
        except AmountError as error:
            raise ValidationError(str(error)) from None
        if money.stripe_minor > STRIPE_LARGEST:
            raise ValidationError(_("This is more than the form takes; write to us and we will arrange it."))
        self.money = money


def _months() -> range:
    return range(1, MOST_MONTHS + 1)


def _pause(months: int) -> str:
    day = clock.day(clock.months_later(clock.now(), months).date(), str(get_locale() or "en"))
    return str(ngettext("%(num)s month, until %(day)s", "%(num)s months, until %(day)s", months, day=day))
