"""COLUMNS: what a recipient may be given of each signatory, and the agreement that each needs; nothing else, ever."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from core import countries
from core.tables import Cell, Row
from petitions.list_services import SignatureLine
from petitions.states import LISTED, Visibility

Names = Mapping[str, str]  # of countries, by their codes, in the language of the list


@dataclass(frozen=True)
class Column:
    """`needs`: the choices of visibility by which somebody has agreed to it. `of`: the cell of a line, from its number, itself,
    and what countries are called."""

    label: Any
    of: Callable[[int, SignatureLine, Names], Cell]
    needs: tuple[Visibility, ...] = LISTED


COLUMNS: dict[str, Column] = {
    "number": Column(_l("No."), lambda number, line, names: number),
    "name": Column(_l("Name"), lambda number, line, names: line.name),
    "role": Column(_l("Role"), lambda number, line, names: line.role),
    "affiliation": Column(_l("Organisation"), lambda number, line, names: line.affiliation),
    "country": Column(_l("Country"), lambda number, line, names: names.get(line.country, line.country)),
    "country_code": Column(_l("Country code"), lambda number, line, names: line.country),
    "signed_on": Column(_l("Signed on"), lambda number, line, names: line.signed_on.isoformat()),
}
ALWAYS = ("number", "name")
ALL = tuple(COLUMNS)


def header(keys: Sequence[str] = ALL) -> Row:
    return tuple(str(COLUMNS[key].label) for key in keys)


def rows(lines: Iterable[SignatureLine], keys: Sequence[str] = ALL, *, first: int = 1) -> Iterator[Row]:
    """The lines' cells, numbered from `first`; one that its signatory has not agreed to stays empty."""
    given, names = {choice: [_given(key, choice) for key in keys] for choice in Visibility}, countries.names()
    for number, line in enumerate(lines, first):
        yield [of(number, line, names) for of in given[line.visibility]]


def _given(key: str, choice: Visibility) -> Callable[[int, SignatureLine, Names], Cell]:
    column = COLUMNS[key]
    return column.of if choice in column.needs else lambda number, line, names: ""


def logged_values(line: SignatureLine) -> tuple[str, ...]:
    """The line as the public log knows it: the values of `log.leaves.LOGGED`."""
    return (line.name, line.role, line.affiliation, line.country, line.signed_on.isoformat())
