"""The accountant's files: which there are, and how each is made of lines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from core.formats import CSV, xlsx
from donations.books import journal, lines
from donations.books.lines import Line

Write = Callable[[Sequence[Line], bool], Iterator[bytes]]
XLSX = xlsx("Books")


@dataclass(frozen=True)
class File:
    """A file of the books; `write(lines, names)`: whether donors are named in it. A journal names nobody."""

    label: Any
    ending: str
    media_type: str
    write: Write


def _ledger(found: Sequence[Line], names: bool) -> Iterator[bytes]:
    return (text.encode() for text in journal.plain_text(journal.entries(found)))


FILES: dict[str, File] = {
    "csv": File(
        _l("Lines, CSV"), "csv", CSV.media_type,
        lambda found, names: CSV.write(lines.HEADER, lines.rows(found, names=names)),
    ),
    "xlsx": File(
        _l("Lines, XLSX"), "xlsx", XLSX.media_type,
        lambda found, names: XLSX.write(lines.HEADER, lines.rows(found, names=names)),
    ),
    "journal": File(
        _l("Journal, CSV"), "csv", CSV.media_type,
        lambda found, names: CSV.write(journal.HEADER, journal.rows(journal.entries(found))),
    ),
    "ledger": File(_l("Journal, plain text"), "beancount", "text/plain; charset=utf-8", _ledger),
}  # fmt: skip
