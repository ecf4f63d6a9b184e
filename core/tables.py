"""Tables of text: rows in, bytes of a file out, in constant memory, and no cell that a spreadsheet would run."""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from core.batches import batches

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
SKIPPED = " \u00a0\u3000\ufeff\"'\u200b"
OTHER_ENDS = "[;\t\r\n]"  # where a spreadsheet of another locale sees the end of a cell
INNER_START = re.compile(rf"(?!\A)({OTHER_ENDS}[{SKIPPED}]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
RISKY = re.compile(rf"\A[{SKIPPED}]*[{re.escape(''.join(FORMULA_STARTS))}]|{OTHER_ENDS}")
STARTS_LINE = re.escape("".join(FORMULA_STARTS).replace("\n", ""))  # "\n" after "\r" only ends a row
# the same, sought in whole lines of CSV, where a cell that has a line end in it stands in quotes
RISKY_LINES = re.compile(rf"[,;\t\r\n][{SKIPPED}]*[{STARTS_LINE}]")
RISKY_QUOTED = re.compile(rf'"[{SKIPPED}]*[\r\n]')

Cell = str | int | Decimal  # a number is no text: it keeps its sign
Row = Sequence[Cell]
About = Mapping[str, str]  # what a file says of itself beside its rows, where its format has a place for that
NOTHING: About = MappingProxyType({})


def harmless(cell: Cell) -> Cell:
    """The cell with an apostrophe before anything that a spreadsheet could take for a formula; clean text is unchanged."""
    if not isinstance(cell, str) or not RISKY.search(cell):
        return cell
    cell = INNER_START.sub(r"\1'", cell)
    return "'" + cell if cell.lstrip(SKIPPED).startswith(FORMULA_STARTS) else cell


def sweep(folder: Path, before: datetime) -> int:
    """Deletes drafts that nobody has written to since: their export was killed, and names stand in them in clear.

    How many."""
    swept = 0
    for draft in folder.glob("tmp*"):
        with suppress(FileNotFoundError):  # its export has just ended
            touched = max(path.stat().st_mtime for path in (draft, *draft.rglob("*")))
            if touched < before.timestamp():
                shutil.rmtree(draft, ignore_errors=True)
                swept += 1
    return swept


def write_csv(header: Row, rows: Iterable[Row], about: About = NOTHING) -> Iterator[bytes]:
    """CSV (RFC 4180, UTF-8 with BOM so that spreadsheets read every script). It has no place for `about`."""
    yield b"\xef\xbb\xbf" + csv_lines([header])
    yield from map(csv_lines, batches(rows))


def csv_lines(batch: Sequence[Row]) -> bytes:
    """The rows as lines of CSV: looked through at once, and cell by cell only where one of them could be risky."""
    lines = _as_csv(batch)
    if RISKY_LINES.search("\n" + lines) or RISKY_QUOTED.search(lines):
        lines = _as_csv([harmless(cell) for cell in row] for row in batch)
    return lines.encode()


def _as_csv(rows: Iterable[Row]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def write_json(header: Row, rows: Iterable[Row], about: About = NOTHING) -> Iterator[bytes]:
    """One object: `about` first, then "columns", then "rows", one a line, each text as it was typed: a program reads it."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
    opening = encode({**about, "columns": list(header)})
    yield f'{opening[:-1]},\n"rows":['.encode()
    before = "\n"
    for batch in batches(rows):
        yield (before + ",\n".join(map(encode, batch))).encode()
        before = ",\n"
    yield b"\n]}\n"
