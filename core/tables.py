"""Table writers: rows in, bytes of a file out, in constant memory, and no cell that a spreadsheet would run."""

import csv
import io
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
SKIPPED = " \u00a0\u3000\ufeff\"'\u200b"
OTHER_ENDS = "[;\t\r\n]"  # where a spreadsheet of another locale sees the end of a cell
INNER_START = re.compile(rf"(?!\A)({OTHER_ENDS}[{SKIPPED}]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
RISKY = re.compile(rf"\A[{SKIPPED}]*[{re.escape(''.join(FORMULA_STARTS))}]|{OTHER_ENDS}")
ROWS_A_SHEET = 1_048_575  # XLSX's limit, without the header
CHUNK = 64 * 1024

Cell = str | int | Decimal  # a number is no text: it keeps its sign
Row = Sequence[Cell]


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


def write_csv(header: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """CSV (RFC 4180, UTF-8 with BOM so that spreadsheets read every script), some 64 kB at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_MINIMAL)
    yield b"\xef\xbb\xbf"
    writer.writerow(header)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        if buffer.tell() > CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(
    header: Row, rows: Iterable[Row], *, folder: Path, sheet: str = "Signatures", rows_a_sheet: int = ROWS_A_SHEET
) -> Iterator[bytes]:
    """XLSX, every text a string cell, a further sheet where one is full; drafted in `folder`, in a file that is gone when
    the last byte is read."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": draft}
        path = Path(draft) / "table.xlsx"
        workbook = Workbook(str(path), options)
        bold = workbook.add_format({"bold": True})
        page = _add_sheet(workbook, sheet, header, bold)
        for number, row in enumerate(rows):
            if number and number % rows_a_sheet == 0:
                page = _add_sheet(workbook, f"{sheet} {number // rows_a_sheet + 1}", header, bold)
            page.write_row(number % rows_a_sheet + 1, 0, [harmless(cell) for cell in row])
        workbook.close()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def _add_sheet(workbook: Workbook, name: str, header: Row, bold: Any) -> Any:
    page = workbook.add_worksheet(name)
    page.write_row(0, 0, header, bold)
    page.freeze_panes(1, 0)
    return page
