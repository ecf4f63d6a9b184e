"""What may be judged, of whatever kind: its name, and how it stands and of which case it is, without opening a word of it."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, Self

from sqlalchemy import select

from cases.comments.models import Comment
from core.db import RowNotFound, db
from donations.wall.models import WallEntry, Words
from petitions.invitations import judging as claims
from petitions.invitations.models import Invitation
from petitions.models import Petition
from petitions.states import InvitationState

HELD, APPROVED, REJECTED = "held", "approved", "rejected"
JUDGED = (HELD, APPROVED, REJECTED)  # any may become any other
WORDS = {HELD: Words.WAITING, APPROVED: Words.APPROVED, REJECTED: Words.HIDDEN}
STATES = {words: state for state, words in WORDS.items()}
CLAIMS = {HELD: InvitationState.CONFIRMED, APPROVED: InvitationState.APPROVED, REJECTED: InvitationState.REJECTED}
CLAIMED = {claimed: state for state, claimed in CLAIMS.items()}
SUBJECT = re.compile(r"(comment|wall|notable):([1-9][0-9]{0,9})", re.ASCII)


class NotASubject(ValueError):
    """Names nothing that could be judged."""


class SubjectNotFound(RowNotFound):
    """It has been deleted, or never was."""


class Subject(NamedTuple):
    kind: str
    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Of its name, like 'comment:12'. Raises NotASubject."""
        found = SUBJECT.fullmatch(text)
        if found is None:
            raise NotASubject(text)
        return cls(found[1], int(found[2]))

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.number}"


class Look(NamedTuple):
    """How a subject stands, and its case; None: that of the general fund. `state` is none of JUDGED where nothing is to be
    judged any more."""

    state: str
    case_id: int | None


def looks(subjects: Iterable[Subject]) -> dict[Subject, Look]:
    """How these stand; who is no more is left out."""
    numbers: dict[str, list[int]] = {}
    for subject in subjects:
        numbers.setdefault(subject.kind, []).append(subject.number)
    return {
        Subject(kind, number): look for kind, wanted in numbers.items() for number, look in LOOKS[kind](wanted).items()
    }


def look(subject: Subject) -> Look:
    """How one stands. Raises SubjectNotFound."""
    found = looks([subject]).get(subject)
    if found is None:
        raise SubjectNotFound(subject.name)
    return found


def _comments(numbers: Collection[int]) -> dict[int, Look]:
    rows = db.session.execute(select(Comment.id, Comment.state, Comment.case_id).where(Comment.id.in_(numbers)))
    return {number: Look(state.value, case_id) for number, state, case_id in rows}


def _words(numbers: Collection[int]) -> dict[int, Look]:
    """Whose gift does not stand is named nowhere, so that there is nothing to judge."""
    named = WallEntry.name.is_not(None).label("named")
    rows = db.session.execute(
        select(WallEntry.id, WallEntry.words, WallEntry.case_id, named).where(WallEntry.id.in_(numbers))
    )
    return {number: Look(STATES.get(words, "") if named else "", case_id) for number, words, case_id, named in rows}


def _claims(numbers: Collection[int]) -> dict[int, Look]:
    columns = (Invitation.id, Invitation.state, Petition.case_id)
    query = select(*columns).join(Petition, Petition.id == Invitation.petition_id)
    rows = db.session.execute(query.where(Invitation.id.in_(numbers), claims.CLAIMS))
    return {number: Look(CLAIMED.get(state, ""), case_id) for number, state, case_id in rows}


LOOKS: Mapping[str, Callable[[Collection[int]], dict[int, Look]]] = {
    "comment": _comments, "wall": _words, "notable": _claims,
}  # fmt: skip
