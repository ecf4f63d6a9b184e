"""A line from a sheet as it was typed or read from a file: cleaned, or one sentence for each cell that must change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _

from core.addresses import clean_address
from core.text import TextError, clean_line, clean_name
from organisers.paper.countries import UnknownCountry, code_of
from petitions.paper.services import PaperLine

CELLS = ("name", "country", "city", "postal_code", "email")
LONGEST_COUNTRY = 80


@dataclass
class TypedLine:
    """One line: what was typed, what is wrong with it, and once it is right what will be stored."""

    number: int
    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    line: PaperLine | None = None

    @property
    def blank(self) -> bool:
        """Nobody stands on it; a country alone is what was remembered."""
        return not any(self.typed.get(cell, "").strip() for cell in CELLS if cell != "country")


def read(number: int, typed: Mapping[str, str], *, country: str) -> TypedLine:
    """The line; where it has no country of its own it has `country`, that of the line before."""
    found = TypedLine(number, typed)
    clean = {cell: _cell(found, cell, country) for cell in CELLS}
    if not found.errors:
        found.line = PaperLine(**clean)
    return found


def _cell(found: TypedLine, cell: str, country: str) -> str:
    text = found.typed.get(cell, "")
    if cell == "country" and not text.strip() and country:
        return country
    try:
        return CLEANERS[cell](text)
    except TextError as error:
        found.errors[cell] = str(error)
        return ""


def _name(text: str) -> str:
    name = clean_name(text, 120)
    if not name:
        raise TextError(_("Write the name, or empty the line."))
    return name


def _country(text: str) -> str:
    written = clean_line(text, LONGEST_COUNTRY)
    if not written:
        raise TextError(_("Write the country, like Germany or DE."))
    try:
        return code_of(written)
    except UnknownCountry:
        raise TextError(_("Write the country as the list has it, like Germany or DE.")) from None


def _email(text: str) -> str:
    return clean_address(text) if text.strip() else ""


CLEANERS: Mapping[str, Callable[[str], str]] = {
    "name": _name,
    "country": _country,
    "city": lambda text: clean_line(text, 100),
    "postal_code": lambda text: clean_line(text, 20),
    "email": _email,
}
