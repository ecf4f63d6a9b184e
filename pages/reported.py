"""What a visitor may report: words that are shown on a case's page or on a wall of supporters.

Of a case that is frozen or a draft nothing is shown, and nobody learns here that there are any words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cases import veil
from cases.comments import services as comments
from cases.models import Case
from donations.wall import services as wall


@dataclass(frozen=True)
class Quoted:
    """Words as they are shown, by whom, and the case on whose page; None for the wall of the general fund."""

    name: str
    text: str
    case: Case | None


def _comment(number: int) -> Quoted:
    comment = comments.get_shown(number)
    said = comments.show(comment)
    return _quoted(said.name, said.text, comment.case)


def _wall(number: int) -> Quoted:
    entry = wall.get_shown_words(number)
    said = wall.show(entry)
    return _quoted(said.name, said.message or said.tribute_name, entry.case)


def _quoted(name: str, text: str, case: Case | None) -> Quoted:
    if case is not None:
        veil.put_on(case)
    return Quoted(name, text, case)


KINDS: Mapping[str, Callable[[int], Quoted]] = {"comment": _comment, "wall": _wall}


def get(kind: str, number: int) -> Quoted:
    """What is shown under this number, as its page shows it; each kind's own RowNotFound where there is nothing, and the
    case's own refusals where its pages are shut."""
    return KINDS[kind](number)


def subject(kind: str, number: int) -> str:
    """How reports name it."""
    return f"{kind}:{number}"
