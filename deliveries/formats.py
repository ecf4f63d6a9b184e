"""The file types of a delivery, composed of the core's table writers."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from core.tables import Row, write_csv, write_xlsx


@dataclass(frozen=True)
class Format:
    """`write` gives the bytes of a file with this header and these rows, in constant memory."""

    label: Any
    media_type: str
    write: Callable[[Row, Iterable[Row]], Iterator[bytes]]


def _xlsx(header: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """Drafted in the data folder, the only place that is written to."""
    return write_xlsx(header, rows, folder=current_app.config["UNDERSIGNED"].drafts_folder)


FORMATS = {
    "csv": Format(_l("CSV, for any program"), "text/csv; charset=utf-8", write_csv),
    "xlsx": Format(
        _l("XLSX, for a spreadsheet"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx
    ),
}
