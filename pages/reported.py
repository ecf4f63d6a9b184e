"""What a visitor may report: words that are shown on a case's page or on a wall of supporters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cases.comments import services as comments
from cases.models import Case
from core.db import db
from donations.wall import services as wall


@dataclass(frozen=True)
class Quoted:
    """Words as they are shown, by whom, and the case on whose page; None for the wall of the general fund."""

    name: str
    text: str
    case: Case | None


def _comment(number: int) -> Quoted:
    comment = comments.get_shown(number)
    return Quoted(comment.name or "", comment.text or "", comment.case)


def _wall(number: int) -> Quoted:
    entry = wall.get_shown_words(number)
    case = db.session.get(Case, entry.case_id) if entry.case_id else None
    return Quoted(entry.name or "", entry.message or entry.tribute_name or "", case)


KINDS: Mapping[str, Callable[[int], Quoted]] = {"comment": _comment, "wall": _wall}


def get(kind: str, number: int) -> Quoted:
    """What is shown under this number; each kind's own RowNotFound where there is nothing."""
    return KINDS[kind](number)


def subject(kind: str, number: int) -> str:
    """How reports name it."""
    return f"{kind}:{number}"
