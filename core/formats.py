"""File types of tables: how each is labelled, served and written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from core.tables import Row, write_csv, write_xlsx

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Format:
    """`write` gives the bytes of a file with this header and these rows, in constant memory."""

    label: Any
    media_type: str
    write: Callable[[Row, Iterable[Row]], Iterator[bytes]]


def xlsx(sheet: str) -> Format:
    """XLSX with this name on its sheets, drafted in the data folder, the only place that is written to."""

    def write(header: Row, rows: Iterable[Row]) -> Iterator[bytes]:
        return write_xlsx(header, rows, folder=current_app.config["UNDERSIGNED"].drafts_folder, sheet=sheet)

    return Format(_l("XLSX, for a spreadsheet"), SPREADSHEET, write)


CSV = Format(_l("CSV, for any program"), "text/csv; charset=utf-8", write_csv)
