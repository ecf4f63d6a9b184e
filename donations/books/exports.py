"""What an accountant takes away: noted in the audit chain before its first byte, as every list with names is."""

import re
from collections.abc import Iterator
from datetime import date

from core import audit
from core.db import RowNotFound
from donations.books import lines, services
from donations.books.formats import FILES
from donations.books.lines import Line

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class NoSuchBooks(RowNotFound):
    """No payout of this id, no month of this name, or no such file."""


def export(which: str, file: str, *, names: bool, actor: str) -> Iterator[bytes]:
    """The file's bytes, for a payout's id or a month like 2026-11; the caller commits the note. Raises NoSuchBooks."""
    if file not in FILES:
        raise NoSuchBooks(file)
    found = lines_of(which)
    audit.record("books.exported", which[:40], actor=actor, file=file, names=names, lines=len(found))
    return FILES[file].write(found, names)


def lines_of(which: str) -> list[Line]:
    """The lines of a payout or a month. Raises NoSuchBooks."""
    if month := MONTH.fullmatch(which):
        return lines.of_month(date(int(month[1]), int(month[2]), 1))
    if services.find_payout(which) is None:
        raise NoSuchBooks(which)
    return lines.of_payout(which)
