"""Forms of invitations: one person, many pasted as lines, a place in the order."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, TextAreaField
from wtforms.validators import DataRequired

from core import countries
from core.forms import Clean
from core.mailboxes import mail_domains
from core.text import TextError, clean_line, clean_name
from organisers import fields
from organisers.fields import OfficeForm, Whole

MOST_LINES = 500
LONGEST_PASTE = 120_000  # characters; 500 lines of the longest names that one meets
ERRORS_SHOWN = 20
FIELDS = ("name", "role", "affiliation", "country", "email")


def mailbox() -> EmailField:
    needed = DataRequired(_l("Write the mailbox, like name@parliament.example."))
    return EmailField(_l("Mailbox"), [Clean(mail_domains.clean, 254), needed])


class InvitationForm(OfficeForm):
    """One person who is asked to sign."""

    name = fields.name(_l("Full name"), 120, _l("Write the full name."))
    role = fields.name(_l("Role"), 100, _l("Write the role, like Member of Parliament."))
    affiliation = fields.name(_l("Group or organisation"), 200)
    country = fields.country(_l("Country"), _l("Choose a country."))
    email = mailbox()


class PlaceForm(OfficeForm):
    place = Whole(_l("Move to place"))


class ManyForm(OfficeForm):
    """Lines of `name; role; affiliation; country; mailbox`, taken all together or not at all."""

    lines = TextAreaField(_l("One person a line"))
    people: list[dict[str, str]] = []

    def validate_lines(self, field: TextAreaField) -> None:
        """Reads every line, and says of each that cannot be taken what to change."""
        typed = field.data or ""
        if len(typed) > LONGEST_PASTE or typed.count("\n") > 2 * MOST_LINES:
            field.errors = [_("Paste at most %(most)s people at a time.", most=MOST_LINES)]
            return
        read = [(number, *_read(line)) for number, line in _filled(typed)]
        wrong = [
            _("Line %(number)s: %(error)s", number=number, error=error) for number, _person, error in read if error
        ]
        if not read:
            wrong = [_("Paste at least one line, like Jane Example; Member; A Group; IE; jane@parliament.example")]
        if len(read) > MOST_LINES:
            wrong = [_("Paste at most %(most)s people at a time.", most=MOST_LINES)]
        self.people = [person for _number, person, _error in read]
        field.errors = [*field.errors, *wrong[:ERRORS_SHOWN]]

    def validate(self, extra_validators: Any = None) -> bool:
        return super().validate(extra_validators) and not self.lines.errors


def _filled(typed: str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(typed.splitlines(), start=1) if line.strip())


def _read(line: str) -> tuple[dict[str, str], str]:
    """The person of a line, and what to change in it; cells are parted by ; or, from a spreadsheet, by tabs."""
    cells = line.split("\t") if "\t" in line else line.split(";")
    if len(cells) != len(FIELDS):
        return {}, _("write five parts with ; between them: name; role; group; country; mailbox.")
    person = {}
    for field, cell in zip(FIELDS, cells, strict=True):
        try:
            person[field] = READERS[field](cell.strip())
        except TextError as error:
            return {}, str(error)
    return person, ""


def _cell(clean: Callable[[str, int], str], longest: int, missing: Any = None) -> Callable[[str], str]:
    def read(cell: str) -> str:
        found = clean(cell, longest)
        if missing and not found:
            raise TextError(str(missing))
        return found

    return read


def _country(cell: str) -> str:
    """A country's code, written as such or by its name."""
    if countries.known(cell.upper()):
        return cell.upper()
    code = _codes(str(get_locale() or "en")).get(clean_line(cell, 100).casefold())
    if code is None:
        raise TextError(_("write the country as a code like IE, or by its name."))
    return code


@lru_cache(maxsize=8)
def _codes(language: str) -> dict[str, str]:
    return {name.casefold(): code for code, name in countries.choices()}


READERS: dict[str, Callable[[str], str]] = {
    "name": _cell(clean_name, 120, _l("write the name first.")),
    "role": _cell(clean_name, 100, _l("write the role after the name.")),
    "affiliation": _cell(clean_name, 200), "country": _country,
    "email": _cell(mail_domains.clean, 254, _l("write the mailbox last.")),
}  # fmt: skip
