"""The public forms around invitations: the buttons of a link, a colleague proposed, a role corrected, an organisation."""

import re
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired

from core import countries
from core.forms import Clean, PublicForm
from core.mailboxes import mail_domains
from core.switches import switches
from core.text import clean_line, clean_name
from petitions.forms import COUNTRY_OFF

LARGEST = 100_000_000


class AnswerForm(PublicForm):
    """One button; `who` is the sealed query that the link came with."""

    who = HiddenField(validators=[Clean(clean_line, 4000)])


class CorrectionForm(PublicForm):
    """How somebody wants their own role to read."""

    role = StringField(_l("Role"), [Clean(clean_name, 100)])
    affiliation = StringField(_l("Group or organisation"), [Clean(clean_name, 200)])

    def validate_role(self, field: StringField) -> None:
        if not field.data and not self.affiliation.data:
            raise ValidationError(_l("Write your role, or the group or organisation that you sign for."))


class _Country(PublicForm):
    """What both forms ask beside the name: a mailbox and a country."""

    email = EmailField(
        _l("Email address"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(mail_domains.clean, 254)],
    )
    country = SelectField(_l("Country"), [InputRequired(_l("Choose a country."))], validate_choice=False)

    def offer(self) -> None:
        """Puts the choices into words, for a page that shows them."""
        self.country.choices = [("", _l("Choose a country")), *countries.choices()]

    def validate_country(self, field: SelectField) -> None:
        if not countries.known(field.data or ""):
            raise ValidationError(_l("Choose a country."))


class ColleagueForm(_Country):
    """Somebody who might sign, too; an organiser decides whether they are asked."""

    name = StringField(_l("Full name"), [Clean(clean_name, 120), DataRequired(_l("Enter the full name."))])
    role = StringField(_l("Role"), [Clean(clean_name, 100)])
    affiliation = StringField(_l("Group or organisation"), [Clean(clean_name, 200)])

    def sealed(self) -> dict[str, Any]:
        return {name: self[name].data for name in ("name", "email", "role", "affiliation", "country")}


class OrganisationForm(_Country):
    """An organisation that supports an open petition."""

    name = StringField(
        _l("Name of the organisation"), [Clean(clean_name, 120), DataRequired(_l("Enter the organisation's name."))]
    )
    contact = StringField(_l("Your name"), [Clean(clean_name, 120), DataRequired(_l("Enter your full name."))])
    size = StringField(
        _l("How many members it has"), [InputRequired(_l("Enter a number, like 1200.")), Clean(clean_line, 20)]
    )
    website = StringField(_l("Website (optional)"), [Clean(clean_line, 200)])
    fax = StringField(_l("Leave this empty"))  # a trap: only machines fill what nobody sees

    def validate_country(self, field: SelectField) -> None:
        super().validate_country(field)
        if field.data in switches().countries_off:
            raise ValidationError(COUNTRY_OFF)

    def validate_size(self, field: StringField) -> None:
        if not 0 < members(field.data) <= LARGEST:
            raise ValidationError(_l("Enter a number, like 1200."))

    def validate_website(self, field: StringField) -> None:
        if field.data and not urlsplit(field.data if "://" in field.data else f"https://{field.data}").hostname:
            raise ValidationError(_l("Enter an address like https://union.example, or leave it empty."))

    def sealed(self) -> dict[str, Any]:
        """What the worker is told; a trapped form goes the same way and ends there."""
        said = {name: self[name].data for name in ("name", "email", "contact", "website", "country")}
        return {**said, "size": members(self.size.data), "trapped": bool(self.fax.data)}


def members(typed: str | None) -> int:
    """A number of people as somebody types it, with or without separators; 0 where it is none."""
    digits = re.sub(r"[\s.,'’]", "", typed or "")
    return int(digits) if digits.isascii() and digits.isdigit() else 0
