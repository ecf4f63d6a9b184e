"""A file of typed sheets: bytes that somebody uploaded, read as a table or refused with the sentence that says what to do."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from organisers.paper.countries import plain

LARGEST = 2 * 1024 * 1024
MOST_LINES, MOST_COLUMNS, LONGEST_CELL = 20_000, 40, 2_000
DELIMITERS = ",;\t|"
SNIFFED = 20  # lines
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
HEADINGS = {
    "name": "name|full name|first name|given name|vorname|nom complet|имя|фио|signatory|nombre|nome|prenom",
    "second_name": "last name|family name|surname|second name|nachname|nom|familienname|фамилия|apellido|cognome",
    "country": "country|land|pays|страна|pais|paese|nation|country code",
    "city": "city|town|place|ort|stadt|ville|город|ciudad|citta",
    "postal_code": "postal code|postcode|zip|zip code|plz|code postal|индекс|postal",
    "email": "email|e-mail|mail|email address|e-mail address|почта|adresse e-mail|e-mail-adresse",
}


class FileUnreadable(ValueError):
    """The file cannot be taken; the message tells the person what to change."""


@dataclass(frozen=True)
class Table:
    """The rows of a file with the numbers of their lines, as a person counts them; all rows have the same width."""

    numbers: list[int]
    rows: list[list[str]]

    @property
    def width(self) -> int:
        return len(self.rows[0])


def decode(raw: bytes) -> str:
    """The file's text: UTF-8 or UTF-16, told by its first bytes or tried. Raises FileUnreadable."""
    if not raw.strip(b" \r\n\t\0"):
        raise FileUnreadable(_("The file is empty."))
    try:
        text = raw.decode(_encoding(raw))
    except UnicodeDecodeError:
        raise FileUnreadable(
            _(
                "The letters of this file cannot be read. Save it in your spreadsheet as “CSV UTF-8” and choose it again."
            )
        ) from None
    if "\0" in text:
        raise FileUnreadable(
            _("This is not a table of text. Save it in your spreadsheet as “CSV UTF-8” and choose it again.")
        )
    return text.removeprefix("\ufeff")


def table(text: str) -> Table:
    """The rows of a CSV text, whatever its delimiter, without empty ones. Raises FileUnreadable."""
    first, _end, rest = text.partition("\n")
    told = first.strip().lower().removeprefix("sep=") if first.lower().startswith("sep=") else ""
    delimiter = told if told and told in DELIMITERS else delimiter_of(text)
    numbers, rows = [], []
    for number, row in _rows(rest if told else text, delimiter):
        if any(cell.strip() for cell in row):
            numbers.append(number + bool(told))
            rows.append(row)
    if not rows:
        raise FileUnreadable(_("The file has no line with text in it."))
    width = max(map(len, rows))
    return Table(numbers, [row + [""] * (width - len(row)) for row in rows])


def guess(found: Table) -> tuple[dict[str, int], bool]:
    """Field → column by the names in the first line, and whether that line has names at all."""
    names = [plain(cell) for cell in found.rows[0]]
    mapping = {
        field: next(place for place, name in enumerate(names) if name in known.split("|"))
        for field, known in HEADINGS.items()
        if any(name in known.split("|") for name in names)
    }
    if "name" not in mapping and "second_name" in mapping:  # "Nom" alone is the whole name
        mapping["name"] = mapping.pop("second_name")
    return (mapping, True) if mapping else (_by_content(found), False)


def _by_content(found: Table) -> dict[str, int]:
    """Without names of columns: the address is where an @ stands, and the name is the first other column."""
    mail = next((place for place, cell in enumerate(found.rows[0]) if "@" in cell), None)
    others = [place for place in range(found.width) if place != mail]
    return {**({"email": mail} if mail is not None else {}), **({"name": others[0]} if others else {})}


def _encoding(raw: bytes) -> str:
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return encoding
    return unmarked_encoding(raw)


def unmarked_encoding(raw: bytes) -> str:
    """UTF-8, or UTF-16 in the order of its bytes, of a text that does not begin by telling."""
    if b"\0" not in raw:
        return "utf-8"
    unmarked = ("utf-16-le", "utf-16-be")  # then the end of a line tells the order of the bytes
    return next((encoding for encoding in unmarked if "\n" in raw.decode(encoding, "ignore")), "utf-8")


def delimiter_of(text: str) -> str:
    """The one that cuts most of the first lines into the same number of cells, and into the most."""
    head = "\n".join(text.split("\n", SNIFFED)[:SNIFFED])[:50_000]

    def fitness(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for _number, row in _rows(head, delimiter, checked=False) if row]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        return (0, 0) if usual == 1 else (widths.count(usual), usual)

    return max(DELIMITERS, key=fitness)


def _rows(text: str, delimiter: str, *, checked: bool = True) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begin = 1
    try:
        for count, row in enumerate(reader):
            if checked:
                _refuse_monsters(count, row, begin)
            yield begin, row
            begin = reader.line_num + 1
    except csv.Error:
        if checked:
            raise FileUnreadable(
                _("Line %(number)s cannot be read: look for a quotation mark that is never closed.", number=begin)
            ) from None


def _refuse_monsters(count: int, row: Sequence[str], number: int) -> None:
    if count > MOST_LINES:
        raise FileUnreadable(_("The file has more than %(most)s lines. Cut it into smaller files.", most=MOST_LINES))
    if len(row) > MOST_COLUMNS:
        raise FileUnreadable(
            _(
                "Line %(number)s has more than %(most)s columns. Keep only those that are needed.",
                number=number,
                most=MOST_COLUMNS,
            )
        )
    if any(len(cell) > LONGEST_CELL for cell in row):
        raise FileUnreadable(
            _("A cell in line %(number)s is very long: look for a quotation mark that is never closed.", number=number)
        )
