"""The screen on which a sheet is typed: twenty lines, each country that of the line above unless one is typed."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from flask_babel import get_locale
from flask_babel import gettext as _

from core import clock, countries
from organisers.paper.countries import UnknownCountry, code_of
from organisers.paper.lines import TypedLine, read
from petitions.models import Petition
from petitions.paper.hints import LookAlike, key_of, known_addresses, look_alikes
from petitions.paper.services import PaperLine
from petitions.states import Method

LINES = 20
COLUMNS = ("name", "country", "city", "email")


@dataclass
class Entry:
    """What was typed, and what must still be asked about it; `once` names this sending, so that it is stored once."""

    lines: list[TypedLine]
    once: str
    decided: dict[int, bool] = field(default_factory=dict)
    hints: dict[int, str] = field(default_factory=dict)
    empty: bool = False
    left_out: int = 0

    @classmethod
    def blank(cls, country: str) -> Self:
        """An empty screen that remembers the country of the line stored last."""
        first = {"country": countries.name_of(country)} if country else {}
        lines = [TypedLine(number, first if number == 1 else {}) for number in range(1, LINES + 1)]
        return cls(lines, secrets.token_urlsafe(16))

    @classmethod
    def typed(cls, form: Mapping[str, str]) -> Self:
        """The screen as it was sent."""
        lines, country = [], ""
        for number in range(1, LINES + 1):
            line = _line(number, {cell: form.get(f"{cell}-{number}", "") for cell in COLUMNS}, country)
            country = line.line.country if line.line else _country(line) or country
            lines.append(line)
        decided = {
            line.number: form.get(f"keep-{line.number}") == "yes"
            for line in lines
            if line.line and form.get(f"asked-{line.number}") == question(line.line)
        }
        return cls(lines, form.get("once", "")[:40] or secrets.token_urlsafe(16), decided)

    def holds(self, petition: Petition) -> bool:
        """Whether every line is right and every question answered; fills in what the page must say otherwise."""
        filled = [line for line in self.lines if not line.blank]
        self.empty = not filled
        if self.empty or any(line.errors for line in filled):
            return False
        self._ask(petition, filled)
        return not self.hints

    def to_store(self) -> list[PaperLine]:
        """The lines that are to count: all but those that the typist left out as the same person."""
        return [line.line for line in self.lines if line.line and self.decided.get(line.number, True)]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(id of the cell, sentence) for the summary on top."""
        sentences = [
            (f"{cell}-{line.number}", _("Line %(number)s: %(sentence)s", number=line.number, sentence=sentence))
            for line in self.lines
            for cell, sentence in line.errors.items()
        ]
        asked = [
            (f"keep-{number}", _("Line %(number)s: %(sentence)s", number=number, sentence=sentence))
            for number, sentence in self.hints.items()
        ]
        nothing = [("name-1", _("Type at least one line."))] if self.empty else []
        return nothing + sentences + asked

    def question_of(self, line: TypedLine) -> str:
        """For the page: what the answer about this line belongs to."""
        return question(line.line) if line.line else ""

    def _ask(self, petition: Petition, filled: Sequence[TypedLine]) -> None:
        lines = [line.line for line in filled if line.line]
        found = look_alikes(petition, lines, without=known_addresses(petition, lines))
        numbers = [line.number for line in filled]
        resembled = {numbers[place]: said(likeness, numbers) for place, likeness in found.items()}
        self.hints = {number: sentence for number, sentence in resembled.items() if number not in self.decided}
        self.decided = {number: keep for number, keep in self.decided.items() if number in resembled}
        self.left_out = sum(not keep for keep in self.decided.values())


def question(line: PaperLine) -> str:
    """What an answer about a look-alike belongs to: another name on the same line is asked about anew."""
    return "|".join(key_of(line.name, line.country))


def said(likeness: LookAlike, numbers: Sequence[int]) -> str:
    """What a line resembles, in words; `numbers` are those of the lines by their place."""
    if likeness.place is not None:
        return _("The same name and country stand on line %(number)s.", number=numbers[likeness.place])
    day = clock.day(likeness.signed_at.date(), str(get_locale() or "en")) if likeness.signed_at else ""
    if likeness.method == Method.PAPER:
        return _("This name from this country was typed from paper already, on %(day)s.", day=day)
    return _("This name from this country has signed online already, on %(day)s.", day=day)


def _line(number: int, typed: Mapping[str, str], country: str) -> TypedLine:
    untouched = TypedLine(number, typed)
    return untouched if untouched.blank else read(number, typed, country=country)


def _country(line: TypedLine) -> str:
    """The country of a line that is not to be stored as it stands: the next one may still take it over."""
    try:
        return code_of(line.typed.get("country", ""))
    except UnknownCountry:
        return ""
