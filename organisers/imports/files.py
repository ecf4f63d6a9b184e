"""A file of another system as text and as lines: its letters guessed, and each line that is no row reported by its number."""

import csv
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flask_babel import gettext as _

from organisers.paper.files import DELIMITERS, LONGEST_CELL, MARKS, FileUnreadable, delimiter_of, unmarked_encoding
from petitions.imports.services import Line
from petitions.states import Refusal

LARGEST = 25 * 1024 * 1024
MOST_LINES, MOST_COLUMNS = 250_000, 200
LINES_A_ROW = 60  # of text in quotes; a row that goes on beyond has a quotation mark that is never closed
SHORT_BY = 1  # SpeakOut names one column more than it fills
WESTERN = "windows-1252"
LEFT_OPEN = "\x81\x8d\x8f\x90\x9d"  # bytes that mean nothing in Windows-1252


class Text(NamedTuple):
    text: str
    encoding: str


class Limits(NamedTuple):
    """How many lines a file may have, the longest cell, and the lines that a row in quotes may go on for."""

    lines: int = MOST_LINES
    cell: int = LONGEST_CELL
    row: int = LINES_A_ROW


class Rows(NamedTuple):
    """The first line's cells, what follows by line number, and what separates the cells."""

    headings: list[str]
    lines: list[Line]
    delimiter: str


def decode(raw: bytes) -> Text:
    """The text and its encoding: told by its first bytes, tried, or else taken for Windows-1252. Raises FileUnreadable."""
    if not raw.strip(b" \r\n\t\0"):
        raise FileUnreadable(_("The file is empty."))
    found = next((encoding for mark, encoding in MARKS if raw.startswith(mark)), None) or unmarked_encoding(raw)
    try:
        text = raw.decode(found)
    except UnicodeDecodeError:
        found, text = WESTERN, _western(raw)
    if "\0" in text:
        raise FileUnreadable(_("This is not a table of text. Export it as CSV and choose it again."))
    return Text(text.removeprefix("\ufeff"), found)


def rows(text: str, limits: Limits = Limits()) -> Rows:  # noqa: B008 - a constant
    """The rows of a CSV text, without empty ones. Raises FileUnreadable."""
    lines = text.splitlines(keepends=True) if "\n" not in text else _lines(text)
    first = lines[0].strip().lower()
    told = first.removeprefix("sep=") if first.startswith("sep=") else ""
    delimiter = told if told and told in DELIMITERS else delimiter_of(text)
    cut = _cut(lines, delimiter, bool(told), limits.row)
    _number, headings = next(cut, (0, Refusal.QUOTES))
    if isinstance(headings, str) or len(headings) > MOST_COLUMNS:
        raise FileUnreadable(
            _("The first line must hold the names of the columns, at most %(most)s.", most=MOST_COLUMNS)
        )
    found = list(itertools.islice(_checked(cut, len(headings), limits.cell), limits.lines + 1))
    if not found:
        raise FileUnreadable(_("The file has no line below the names of its columns."))
    if len(found) > limits.lines:
        raise FileUnreadable(
            _("The file has more than %(most)s lines. Cut it into smaller files.", most=f"{limits.lines:,}")
        )
    return Rows([heading.strip()[:LONGEST_CELL] for heading in headings], found, delimiter)


def _western(raw: bytes) -> str:
    """Raises FileUnreadable where it is no text of Western Europe either."""
    text = raw.decode("latin-1")
    if any(sign in text for sign in LEFT_OPEN):
        raise FileUnreadable(
            _("The letters of this file cannot be read. Export it as “CSV UTF-8” and choose it again.")
        )
    return raw.decode(WESTERN)


def _lines(text: str) -> list[str]:
    """Cut at line feeds only: a cell may hold other signs that end lines elsewhere."""
    return [f"{line}\n" for line in text.split("\n")]


def _cut(lines: Sequence[str], delimiter: str, after_first: bool, lines_a_row: int) -> Iterator[Line]:
    """Each row, or why it is none; after one that is none it goes on with the next line."""
    place = int(after_first)
    while place < len(lines):
        window = lines[place : place + lines_a_row]
        reader = csv.reader(iter(window), delimiter=delimiter, strict=True)
        try:
            cells: list[str] | str = next(reader)
            used = reader.line_num
        except csv.Error:
            cells, used = _leniently(window[0], delimiter), 1
        if isinstance(cells, str) or any(cell.strip() for cell in cells):
            yield place + 1, cells
        place += used


def _leniently(line: str, delimiter: str) -> list[str] | str:
    """A line with quotation marks inside its cells, as systems that do not double them write it."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return Refusal.QUOTES.value
    whole = sum(cell.count("\n") for cell in cells) == 0
    return cells if whole else Refusal.QUOTES.value


def _checked(cut: Iterator[Line], width: int, longest: int) -> Iterator[Line]:
    for number, cells in cut:
        if isinstance(cells, str):
            yield number, cells
        elif len(cells) < width - SHORT_BY or any(cell.strip() for cell in cells[width:]):
            yield number, Refusal.COLUMNS.value
        elif any(len(cell) > longest for cell in cells):
            yield number, Refusal.TEXT.value
        else:
            yield number, cells[:width] + [""] * (width - len(cells))
