"""XLSX, drafted in a folder, since XlsxWriter writes to a file."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from xlsxwriter import Workbook

from core.spreadsheets import ROWS_A_SHEET, sheets, shown, title
from core.tables import NOTHING, About, Row

CHUNK = 64 * 1024


def write_xlsx(
    header: Row,
    rows: Iterable[Row],
    about: About = NOTHING,
    *,
    folder: Path,
    sheet: str = "Signatures",
    rows_a_sheet: int = ROWS_A_SHEET,
) -> Iterator[bytes]:
    """XLSX, every text a string cell; drafted in `folder`, in a file that is gone when the last byte is read.

    `about` becomes custom document properties. Raises CellTooLong."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": draft}
        path = Path(draft) / "table.xlsx"
        workbook = Workbook(str(path), options)
        for name, value in about.items():
            workbook.set_custom_property(name, value, "text")
        bold = workbook.add_format({"bold": True})
        for place, its_rows in enumerate(sheets(rows, rows_a_sheet), 1):
            page = workbook.add_worksheet(title(sheet, place))
            page.write_row(0, 0, header, bold)
            page.freeze_panes(1, 0)
            for number, row in enumerate(its_rows, 1):
                page.write_row(number, 0, [shown(cell) if isinstance(cell, str) else cell for cell in row])
        workbook.close()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
