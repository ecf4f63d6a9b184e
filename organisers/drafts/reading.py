"""A row of a file as a draft that may be made, or the sentences that say what to mend; nothing here looks into the database."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask_babel import gettext as _

from core import clock, slugs
from core.from_html import to_markdown, to_plain
from core.text import TextError, clean_line, clean_name, clean_text
from organisers.drafts.models import DraftKind
from organisers.drafts.words import FIELDS
from organisers.fields import SLUG
from organisers.imports import dates
from organisers.imports.words import REASONS
from organisers.paper.countries import UnknownCountry, code_of, plain
from petitions.imports.services import Line
from petitions.states import Refusal

MOST_GOAL, MOST_NAMES = 10_000_000, 20
SEPARATED = re.compile(r"[;\n|]")
NUMBER = re.compile(r"\d{1,3}(?:[\s.,'’]?\d{3})*|\d+", re.ASCII)


@dataclass(frozen=True)
class Meaning:
    """How a file is read: field → column, and what a row has that says nothing of it."""

    kind: DraftKind
    columns: Mapping[str, int]
    country: str = ""
    language: str = "en"
    languages: Sequence[str] = ("en",)
    order: str = "dmy"


@dataclass
class Draft:
    """One row: columns of a case or a petition, who is named in it, and the case that it names."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    people: list[dict[str, Any]] = field(default_factory=list)
    case: str = ""
    case_id: int | None = None
    errors: list[str] = field(default_factory=list)

    def mark(self, kind: DraftKind) -> bytes:
        """What knows the row again in a later file: its title, and of a petition its case."""
        return hashlib.sha256(f"{kind}|{self.case_id or ''}|{plain(self.values['title'])}".encode()).digest()


def read_all(lines: Sequence[Line], meaning: Meaning) -> list[Draft]:
    return [read(number, cells, meaning) for number, cells in lines]


def read(number: int, cells: list[str] | str, meaning: Meaning) -> Draft:
    """The row; its `errors` say, cell by cell, why it makes no draft."""
    found = Draft(number)
    if isinstance(cells, str):
        found.errors.append(str(REASONS[Refusal(cells)]))
        return found
    cell = {name: cells[place].strip() for name, place in meaning.columns.items() if place < len(cells)}
    READERS[meaning.kind](found, cell, meaning)
    if not found.errors:
        found.values["slug"] = _kept(found, "slug", _slug, cell.get("slug", "")) or slugs.of(
            found.values["title"], "case" if meaning.kind == DraftKind.CASES else "petition"
        )
    return found


def _read_case(found: Draft, cell: Mapping[str, str], meaning: Meaning) -> None:
    found.values = {
        "title": _kept(found, "title", _title, cell.get("title", "")),
        "lede": _kept(found, "lede", partial(_text, 600, to_plain), cell.get("lede", "")),
        "story": _kept(found, "story", partial(_text, 20_000, to_markdown), cell.get("story", "")),
        "place": _kept(found, "place", partial(_line, 120), cell.get("place", "")),
        "urgency": _kept(found, "urgency", partial(_line, 60), cell.get("urgency", "")),
        "country": _kept(found, "country", _country, cell.get("country", "")) or meaning.country,
    }
    if not found.values["country"] and not found.errors:
        found.errors.append(_("There is no country on this line. Choose one for all lines without, or write it."))
    found.people = [{"name": name} for name in _kept(found, "people", _names, cell.get("people", "")) or ()]


def _read_petition(found: Draft, cell: Mapping[str, str], meaning: Meaning) -> None:
    letter = "\n\n".join(filter(None, (to_markdown(cell.get(part, "")) for part in ("greeting", "letter"))))
    found.values = {
        "title": _kept(found, "title", _title, cell.get("title", "")),
        "ask": _kept(found, "ask", partial(_text, 1_000, to_plain), cell.get("ask", "")),
        "letter": _kept(found, "letter", partial(_text, 20_000, str), letter),
        "first_signatory": _kept(
            found, "first_signatory", partial(clean_name, longest=120), cell.get("first_signatory", "")
        ),
        "goal": _kept(found, "goal", _goal, cell.get("goal", "")),
        "language": _kept(found, "language", partial(_language, meaning), cell.get("language", "")),
    }
    created = _kept(found, "created_at", partial(_created, meaning), cell.get("created_at", ""))
    if created:
        found.values["created_at"] = created
    found.case = cell.get("case", "")
    names = _kept(found, "recipient", _names, cell.get("recipient", "")) or []
    known = {
        "role": _kept(found, "recipient_role", partial(_line, 160), cell.get("recipient_role", "")),
        "organisation": _kept(
            found, "recipient_organisation", partial(_line, 160), cell.get("recipient_organisation", "")
        ),
        "address": _kept(
            found, "recipient_address", partial(_text, 1_000, to_plain), cell.get("recipient_address", "")
        ),
        "country": _kept(found, "recipient_country", _country, cell.get("recipient_country", "")),
    }
    found.people = [{"name": name, **(known if len(names) == 1 else {})} for name in names]


READERS = {DraftKind.CASES: _read_case, DraftKind.PETITIONS: _read_petition}


def _kept(found: Draft, name: str, cleaner: Callable[[str], Any], text: str) -> Any:
    """The cell, cleaned; where it must change its name and the sentence are noted."""
    try:
        return cleaner(text)
    except TextError as error:
        found.errors.append(f"{FIELDS[name]}: {error}")
        return None


def _title(text: str) -> str:
    title = _line(160, text)
    if not title:
        raise TextError(_("There is none on this line. Write it."))
    return title


def _line(longest: int, text: str) -> str:
    return clean_line(" ".join(to_plain(text).split()), longest)


def _text(longest: int, convert: Callable[[str], str], text: str) -> str:
    return clean_text(convert(text), longest)


def _names(text: str) -> list[str]:
    names = [clean_name(" ".join(part.split()), 120) for part in SEPARATED.split(to_plain(text)) if part.strip()]
    if len(names) > MOST_NAMES:
        raise TextError(_("Name at most %(most)s, with semicolons between them.", most=MOST_NAMES))
    return names


def _country(text: str) -> str:
    try:
        return code_of(text) if text else ""
    except UnknownCountry:
        raise TextError(_("The country is not known. Write it like Germany or DE.")) from None


def _goal(text: str) -> int | None:
    if text and not NUMBER.fullmatch(text):
        raise TextError(_("Write a whole number in plain digits."))
    goal = int("".join(filter(str.isdecimal, text)) or 0)
    if goal > MOST_GOAL:
        raise TextError(_("Write a whole number from 1 to %(highest)s.", highest=f"{MOST_GOAL:,}"))
    return goal or None  # SpeakOut writes 0 where there is none


def _language(meaning: Meaning, text: str) -> str:
    code = text.replace("-", "_").casefold()
    known = {one.casefold(): one for one in meaning.languages}
    found = known.get(code) or known.get(code.partition("_")[0]) if text else meaning.language
    if found is None:
        raise TextError(
            _("This site has no pages in it. Write one of these: %(codes)s.", codes=", ".join(meaning.languages))
        )
    return found


def _created(meaning: Meaning, text: str) -> Any:
    if not text or text.startswith("0000"):
        return None
    try:
        moment = dates.read(text, zone="UTC", order=meaning.order)
    except (dates.UnknownDate, OverflowError):
        raise TextError(_("The date cannot be read. Write it like 2021-05-31, or leave the column out.")) from None
    if moment > clock.now():
        raise TextError(_("The date has not come yet. See whether days and months are the right way round."))
    return moment


def _slug(text: str) -> str:
    if text and not (re.fullmatch(SLUG, text) and len(text) <= slugs.LONGEST):
        raise TextError(_("Use small letters a to z, digits and single hyphens, like release-them-now."))
    return text
