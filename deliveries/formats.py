"""FORMATS: the file types of a delivery, composed of the core's table writers; a further one is a writer and a row here."""

from core.formats import CSV, JSON, Format, ods_of, xlsx_of

SHEET = "Signatures"

FORMATS: dict[str, Format] = {"csv": CSV, "xlsx": xlsx_of(SHEET), "ods": ods_of(SHEET), "json": JSON}


class TooManyRows(ValueError):
    """A file of this type cannot hold the list; another can."""


def check(format_name: str, rows: int) -> Format:
    """The format, if it holds so many. `format_name`: a key of FORMATS. Raises TooManyRows."""
    found = FORMATS[format_name]
    if not found.holds(rows):
        raise TooManyRows(f"{format_name} holds {found.most_rows} rows, and the list has {rows}")
    return found
