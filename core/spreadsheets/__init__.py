"""Workbooks: XLSX by XlsxWriter, ODS by ourselves; every text stays text, and a full sheet is followed by another."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from core.tables import Row, harmless

ROWS_A_SHEET = 1_048_575  # what a sheet holds below its header, in either format
LONGEST_CELL = 32_767  # characters
NOT_XML = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # one of them, and no program opens the file


class CellTooLong(ValueError):
    """A text that no spreadsheet can hold: the file would have to leave some of it out."""


def shown(text: str) -> str:
    """The text as a cell holds it. Raises CellTooLong."""
    text = str(harmless(NOT_XML.sub("", text)))
    if len(text) > LONGEST_CELL:
        raise CellTooLong(f"a cell of {len(text)} characters")
    return text


def sheets(rows: Iterable[Row], rows_a_sheet: int) -> Iterator[Iterator[Row]]:
    """The rows sheet by sheet, each read to its end before the next is asked for; one at least."""
    waiting = iter(rows)
    yield islice(waiting, rows_a_sheet)
    for row in waiting:
        yield chain([row], islice(waiting, rows_a_sheet - 1))


def title(sheet: str, place: int) -> str:
    """The name of a sheet: the first has no number."""
    return sheet if place == 1 else f"{sheet} {place}"
