"""Forms of tax receipts: a registration with a tax office, and the file of a year."""

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import InputRequired, NumberRange

from core import clock
from donations.tax.models import TaxRegistration
from organisers.fields import OfficeForm, Whole, country, line, name, text

PREFIX = re.compile(r"[A-Z0-9]{1,12}", re.ASCII)
KEPT = ("country", "legal_name", "address", "number", "office", "wording")  # by the registration that replaces another
WRITE_YEAR = _l("Write a year, like 2026.")


class RegistrationForm(OfficeForm):
    country = country(_l("Country whose donors get receipts"), _l("Choose the country."))
    legal_name = name(_l("Our legal name"), 200, _l("Write the name under which we are registered."))
    address = text(_l("Our address"), 500, _l("Write the address that stands on the receipts."))
    number = line(_l("Registration number"), 80, _l("Write the number that the tax office gave us."))
    office = line(_l("Tax office"), 160, _l("Write which office registered us."))
    wording = text(_l("What the law wants to read"), 4000, _l("Write the sentences that the tax office asks for."))
    prefix = line(_l("What its numbers begin with"), 12, _l("Write some letters or digits, like IE."))

    @classmethod
    def replacing(cls, registration: TaxRegistration | None) -> Any:
        """The form with what a registration says, for the one that takes its place; empty for a new country."""
        return cls(data={key: getattr(registration, key) for key in KEPT} if registration else None)

    def validate_prefix(self, field: StringField) -> None:
        if not PREFIX.fullmatch(field.data or ""):
            raise ValidationError(_("Use 1 to 12 capital letters A to Z and digits, like IE or IE2."))


class ExportForm(OfficeForm):
    year = Whole(_l("Year of issue"), [InputRequired(WRITE_YEAR), NumberRange(2000, 2100, WRITE_YEAR)])
    names = BooleanField(_l("With names and addresses: where the tax office asks for them"))

    @classmethod
    def fresh(cls) -> Any:
        return cls(formdata=None, data={"year": clock.now().year})
