"""A row of a file as a line that may come in, or the reason why it may not; nothing here looks into the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock
from core.addresses import clean_address
from core.text import TextError, clean_line, clean_name, clean_text
from organisers.imports import dates
from organisers.paper.countries import UnknownCountry, code_of
from petitions.imports.services import Line
from petitions.imports.storing import ImportedLine
from petitions.states import Refusal

YES = frozenset(["1", "y", "yes", "true", "x", "on", "ja", "oui", "si", "da", "subscribed", "opted-in"])
NO = frozenset(["0", "n", "no", "false", "off", "nein", "non", "unconfirmed", "pending", "unsubscribed"])
LONGEST = {"city": 100, "postal_code": 20, "affiliation": 200}


class Refused(ValueError):
    """A line stays out."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Meaning:
    """How a file is read: field → column, the zone and the order of its dates, the country of lines that have none."""

    columns: Mapping[str, int]
    zone: str
    order: str
    country: str = ""

    @classmethod
    def stored(cls, kept: Mapping[str, Any]) -> "Meaning":
        return cls(**kept)


def read_all(lines: Sequence[Line], meaning: Meaning) -> tuple[list[ImportedLine], dict[int, Refusal]]:
    """The lines that hold, and why the others do not."""
    good, refused = [], {}
    for number, cells in lines:
        try:
            if isinstance(cells, str):
                raise Refused(Refusal(cells))
            good.append(read(number, cells, meaning))
        except Refused as error:
            refused[number] = error.reason
    return good, refused


def read(number: int, cells: Sequence[str], meaning: Meaning) -> ImportedLine:
    """Raises Refused."""
    cell = {field: cells[place].strip() for field, place in meaning.columns.items() if place < len(cells)}
    if cell.get("confirmed", "").casefold() in NO:
        raise Refused(Refusal.UNCONFIRMED)
    no_mail = cell.get("no_mail", "").casefold() in YES
    return ImportedLine(
        number=number,
        name=_name(cell),
        country=_country(cell.get("country", ""), meaning.country),
        email=_clean(Refusal.EMAIL, clean_address, cell["email"]) if cell.get("email") else "",
        **{field: _clean(Refusal.TEXT, clean_line, cell.get(field, ""), most) for field, most in LONGEST.items()},
        comment=_clean(Refusal.TEXT, clean_text, cell.get("comment", ""), 500),
        updates=cell.get("updates", "").casefold() in YES and not no_mail,
        no_mail=no_mail,
        signed_at=_signed_at(cell.get("signed_on", ""), meaning),
    )


def _name(cell: Mapping[str, str]) -> str:
    written = " ".join(filter(None, (cell.get(part, "") for part in ("name", "first_name", "last_name"))))
    name = str(_clean(Refusal.NAME, clean_name, written, 120))
    if not name:
        raise Refused(Refusal.NO_NAME)
    return name


def _country(written: str, otherwise: str) -> str:
    if not written:
        if not otherwise:
            raise Refused(Refusal.NO_COUNTRY)
        return otherwise
    try:
        return code_of(written)
    except UnknownCountry:
        raise Refused(Refusal.COUNTRY) from None


def _signed_at(written: str, meaning: Meaning) -> datetime | None:
    if not written:
        return None
    try:
        moment = dates.read(written, zone=meaning.zone, order=meaning.order)
    except (dates.UnknownDate, OverflowError):
        raise Refused(Refusal.DATE) from None
    if moment > clock.now():
        raise Refused(Refusal.FUTURE)
    return moment


def _clean(reason: Refusal, cleaner: Callable[..., str], *given: Any) -> Any:
    try:
        return cleaner(*given)
    except TextError:
        raise Refused(reason) from None
