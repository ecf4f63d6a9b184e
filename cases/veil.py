"""A blurred case: the names of its people become initials in whatever the public reads, at once and for as long as it lasts.

What is shown is changed on the loaded rows, past the unit of work: nothing of it is ever written."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm.attributes import set_committed_value

from cases.models import Case, Event, Person, initials

SHORTEST = 3  # letters of a part of a name that is looked for by itself; two in scripts that write few
ENDING = r"\w{0,3}"  # Kurmanova, Kurmanovs: languages bend names
CASE_TEXTS = ("title", "lede", "story", "place", "urgency", "fund_title", "fund_text")
PERSON_TEXTS = ("name", "about", "charge", "sentence", "held_at")
EVENT_TEXTS = ("title", "body", "source")
IMAGE_TEXTS = ("alt", "credit")
COVERED = "names_before_blur"


@dataclass(frozen=True)
class Found:
    """A name in a text: where, what stands there, what may stand instead; `whole`: first and last name together."""

    start: int
    end: int
    text: str
    instead: str
    whole: bool


def words_of(spelling: str) -> list[str]:
    """The parts of a name that are telling by themselves."""
    return [
        word for word in spelling.split() if len(word) >= (2 if _dense(word) else SHORTEST) and not word.endswith(".")
    ]


def find(text: str, spellings: Iterable[str], *, parts: bool = True) -> list[Found]:
    """Where a text names somebody, the whole name before its parts."""
    listed = sorted(filter(None, spellings), key=len, reverse=True)
    wholes = [(_pattern(spelling), True) for spelling in listed]
    alone = [(_pattern(word), False) for spelling in listed for word in words_of(spelling)] if parts else []
    found: list[Found] = []
    for pattern, whole in (*wholes, *alone):
        for match in pattern.finditer(text):
            if all(match.end() <= one.start or match.start() >= one.end for one in found):
                instead = initials(match[0])
                if text[match.end() : match.end() + 1] == ".":  # the sentence ends here
                    instead = instead.removesuffix(".")
                found.append(Found(match.start(), match.end(), match[0], instead, whole))
    return sorted(found, key=lambda one: one.start)


def replaced(text: str, found: Iterable[Found]) -> str:
    """The text with initials in these places."""
    for one in sorted(found, key=lambda one: one.start, reverse=True):
        text = text[: one.start] + one.instead + text[one.end :]
    return text


def names_of(case: Case) -> list[str]:
    """Every spelling of every name in the case, also once this row shows initials."""
    known: list[str] | None = vars(case).get(COVERED)
    return [spelling for person in case.people for spelling in person.spellings] if known is None else known


def shown(case: Case, text: str) -> str:
    """A text about the case as it may be read now: with initials where the case is blurred."""
    return covered(case, text) if case.blurred_at else text


def signed(case: Case, name: str) -> str:
    """The name under somebody's words, as it may be read now: relatives may be called alike, so whole names only."""
    return replaced(name, find(name, names_of(case), parts=False)) if case.blurred_at else name


def covered(case: Case, text: str) -> str:
    """A text with initials, whether the case is blurred or not."""
    return replaced(text, find(text, names_of(case)))


def told(case: Case, text: str) -> str:
    """What a mail, or a page behind a mailed link, may call the case: these go on while it is frozen, and say no word of it."""
    return _("a case that is frozen for safety") if case.frozen_at else shown(case, text)


def put_on(case: Case, events: Iterable[Event] = (), others: Iterable[tuple[Any, tuple[str, ...]]] = ()) -> None:
    """Shows a blurred case, these events of it, and columns of other rows about it, with initials."""
    if case.blurred_at is None:
        return
    vars(case)[COVERED] = names_of(case)  # noted before they are covered
    rows = [(case, CASE_TEXTS), *((person, PERSON_TEXTS) for person in case.people), *others]
    rows += [(image, IMAGE_TEXTS) for image in case.images]
    for row, columns in (*rows, *((event, EVENT_TEXTS) for event in events)):
        for column in columns:
            cover(case, row, column)
    for event in events:
        set_committed_value(event, "source_url", "")  # addresses of reports are made of their headlines


def cover(case: Case, row: Any, column: str) -> None:
    """Shows one column with initials, where the case is blurred."""
    set_committed_value(row, column, shown(case, getattr(row, column)))


@contextmanager
def taken_off_after(rows: Iterable[tuple[Any, tuple[str, ...]]]) -> Iterator[None]:
    """Shows these columns as they are stored again when the block ends."""
    kept = [(row, column, getattr(row, column)) for row, columns in rows for column in columns]
    try:
        yield
    finally:
        for row, column, value in kept:
            set_committed_value(row, column, value)


def _pattern(spelling: str) -> re.Pattern[str]:
    bent = r"[\s\u00a0]+".join(re.escape(word) + ("" if _dense(word) else ENDING) for word in spelling.split())
    return re.compile(bent if _dense(spelling) else rf"(?<!\w){bent}(?!\w)", re.IGNORECASE)


def _dense(word: str) -> bool:
    """Whether the script has no capitals: such scripts join words, or write their endings into them."""
    return any(unicodedata.category(letter) == "Lo" for letter in word)


def names_person(slug: str, person: Person) -> bool:
    """Whether an address holds a part of a person's name."""
    parts = slug.split("-")
    return any(word.casefold() in parts for spelling in person.spellings for word in words_of(spelling))
