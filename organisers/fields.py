"""Form fields of the office: they keep what was typed and answer in our own sentences."""

from typing import Any
from urllib.parse import urlsplit

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateTimeLocalField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional, Regexp

from core import countries
from core.forms import Clean
from core.forms import Day as Day
from core.text import clean_line, clean_name, clean_text

YEARS = range(2000, 2101)
SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*\Z"


def line(label: Any, longest: int, missing: Any = None) -> StringField:
    """One line of text; `missing` is what to say where it must not be empty."""
    return StringField(label, [Clean(clean_line, longest), *_needed(missing)])


def name(label: Any, longest: int, missing: Any = None) -> StringField:
    return StringField(label, [Clean(clean_name, longest), *_needed(missing)])


def text(label: Any, longest: int, missing: Any = None) -> TextAreaField:
    return TextAreaField(label, [Clean(clean_text, longest), *_needed(missing)])


def slug() -> StringField:
    message = _l("Use small letters a to z, digits and single hyphens, like release-them-now.")
    needed = DataRequired(_l("Write the address of the page, like release-them-now."))
    return StringField(_l("Address of the page"), [Clean(clean_line, 80), needed, Regexp(SLUG, message=message)])


def country(label: Any, missing: Any = None) -> SelectField:
    """A country; without `missing` it may stay open."""
    return Choice(label, _needed(missing), choices=lambda: (("", _("Choose a country")), *countries.choices()))


def yes_no(label: Any) -> RadioField:
    choices = [("yes", _l("Yes")), ("no", _l("No"))]
    return Radios(label, [InputRequired(_l("Answer yes or no."))], choices=choices)


def goal(label: Any, highest: int) -> IntegerField:
    message = _l("Write a whole number from 1 to %(highest)s.", highest=f"{highest:,}")
    return Whole(label, [Optional(), NumberRange(1, highest, message)])


def web_address(field: StringField) -> None:
    """Raises ValidationError where something is typed that is no whole web address."""
    try:
        parts = urlsplit(field.data or "https://nothing.example")
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise ValidationError(_("Write the whole web address, beginning with https://."))


class OfficeForm(FlaskForm):
    """A form behind the office's session; `values` are what a service takes.

    On the way back from a proof or a login it holds what was typed before (organisers/accounts/keeping.py)."""

    def __init__(self, **given: Any) -> None:
        kept, mine = g.get("kept_fields", {}), {name for name, _field in self._unbound_fields}
        shown = {name for name in kept if name.partition("-")[0] in mine}  # a list's: recipients-0, recipients-1
        self._kept = bool(shown) and "formdata" not in given
        if self._kept:
            given["formdata"] = kept
            g.kept_shown |= shown
        super().__init__(**given)

    def is_typed(self) -> bool:
        """Whether somebody has typed what it holds, now or before; else it shows what is stored."""
        return self._kept or self.is_submitted()

    def values(self) -> dict[str, Any]:
        return {key: value for key, value in self.data.items() if key != "csrf_token"}


class Choice(SelectField):
    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_("Choose one from the list.")) from None


class Radios(RadioField):
    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_("Choose one of these.")) from None


class Whole(IntegerField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Write a whole number in plain digits.")) from None


class LocalMoment(DateTimeLocalField):
    """A date and a time without a zone; the form says in which zone it is meant."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Write date and time like 2010-05-12T18:00.")) from None
        if self.data and self.data.year not in YEARS:
            self.data = None
            raise ValueError(_("Write a year from 2000 to 2100."))


def _needed(missing: Any) -> list[DataRequired]:
    return [DataRequired(missing)] if missing else []
