"""File types of tables: how each is labelled, served, named and written, and how much it holds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask import current_app
from flask_babel import lazy_gettext as _l

from core.spreadsheets import ROWS_A_SHEET, ods, xlsx
from core.tables import NOTHING, About, Row, csv_lines, write_csv, write_json

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_SHEETS = 2  # of an ODS: one part of it holds them all, and may not pass 2 GiB


class Writer(Protocol):
    """The bytes of a file with this header and these rows, in constant memory; `about` where the format has a place for it."""

    def __call__(self, header: Row, rows: Iterable[Row], about: About = NOTHING) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class Format:
    """`suffix`: how its files' names end, after the dot. `most_rows`: of a file, the header apart; None: any number.
    `part`: some rows as they stand in a file, where a file is `write`'s of the first rows and then such parts."""

    label: Any
    media_type: str
    suffix: str
    write: Writer
    most_rows: int | None = None
    part: Callable[[Sequence[Row]], bytes] | None = None

    def holds(self, rows: int) -> bool:
        return self.most_rows is None or rows <= self.most_rows


CSV = Format(_l("CSV, for any program"), "text/csv; charset=utf-8", "csv", write_csv, part=csv_lines)
JSON = Format(_l("JSON, for a program of your own"), "application/json", "json", write_json)


def xlsx_of(sheet: str) -> Format:
    """XLSX with this name on its sheets, drafted in the data folder, the only place that is written to."""

    def write(header: Row, rows: Iterable[Row], about: About = NOTHING) -> Iterator[bytes]:
        drafts = current_app.config["UNDERSIGNED"].drafts_folder
        return xlsx.write_xlsx(header, rows, about, folder=drafts, sheet=sheet)

    return Format(_l("XLSX, for a spreadsheet"), XLSX_TYPE, "xlsx", write)


def ods_of(sheet: str) -> Format:
    """ODS with this name on its sheets."""

    def write(header: Row, rows: Iterable[Row], about: About = NOTHING) -> Iterator[bytes]:
        return ods.write_ods(header, rows, about, sheet=sheet)

    label = _l("ODS, for a spreadsheet (open standard)")
    return Format(label, ods.MEDIA_TYPE, "ods", write, most_rows=MOST_SHEETS * ROWS_A_SHEET)
