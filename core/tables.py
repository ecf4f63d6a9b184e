"""Table writers: rows in, bytes of a file out, in constant memory, and no cell that a spreadsheet would run."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from xlsxwriter import Workbook

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
SKIPPED = " \u00a0\u3000\ufeff\"'\u200b"
CHUNK = 64 * 1024

Cell = str | int
Row = Sequence[Cell]


def harmless(cell: Cell) -> Cell:
    """The cell with an apostrophe before anything that a spreadsheet could take for a formula; clean text is unchanged."""
    if isinstance(cell, str) and cell.lstrip(SKIPPED).startswith(FORMULA_STARTS):
        return "'" + cell
    return cell


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


def write_xlsx(header: Row, rows: Iterable[Row], *, folder: Path, sheet: str = "Signatures") -> Iterator[bytes]:
    """XLSX, every text a string cell; drafted in `folder`, in a file that is gone when the last byte is read."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": draft}
        path = Path(draft) / "table.xlsx"
        workbook = Workbook(str(path), options)
        page = workbook.add_worksheet(sheet)
        page.write_row(0, 0, header, workbook.add_format({"bold": True}))
        page.freeze_panes(1, 0)
        for number, row in enumerate(rows, start=1):
            page.write_row(number, 0, [harmless(cell) for cell in row])
        workbook.close()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
