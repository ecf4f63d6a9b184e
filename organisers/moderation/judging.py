"""Judging what the public wrote, of whatever kind: approve, reject, undo; whoever judges what another has judged is told."""

import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Self

from sqlalchemy import update

from cases.comments import judging as comments
from cases.comments.models import CommentState
from core import audit, clock, reports
from core.db import db
from core.vault import VaultError
from donations.wall import services as wall
from donations.wall.models import Words
from organisers.moderation import acts
from organisers.moderation.models import Act, ModerationAct, RejectReason

HELD, APPROVED, REJECTED = "held", "approved", "rejected"
AFTER = {Act.APPROVE: APPROVED, Act.REJECT: REJECTED}
WORDS = {HELD: Words.WAITING, APPROVED: Words.APPROVED, REJECTED: Words.HIDDEN}
STATES = {words: state for state, words in WORDS.items()}
SUBJECT = re.compile(r"(comment|wall):([1-9][0-9]{0,9})", re.ASCII)


class MovedOn(ValueError):
    """The subject stands otherwise than the page showed: somebody else was faster, or its writer took it back."""


class NothingToUndo(ValueError):
    """Nobody has judged it, or all of it was undone."""


class Unreadable(ValueError):
    """Its seal does not open, so that it cannot be shown."""


class NotASubject(ValueError):
    """Names nothing that could be judged."""


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


def judge(
    subject: Subject, act: Act, *, seen: str, actor: str, reason: RejectReason | None = None, note: str = ""
) -> None:
    """Approves or rejects what stands as it was seen, and settles its reports; approving what is shown keeps it.

    The caller has prepared the vault for SITE. Raises MovedOn, Unreadable, and the kind's own RowNotFound."""
    _write(subject, act, before=seen, after=AFTER[act], actor=actor, reason=reason, note=note)


def undo(subject: Subject, *, seen: str, actor: str) -> None:
    """Takes the standing judgement back, with its reports. The caller has prepared the vault for SITE.

    Raises MovedOn, NothingToUndo, Unreadable."""
    last = acts.standing(subject.name)
    if last is None:
        raise NothingToUndo(subject.name)
    if last.after != seen:
        raise MovedOn(subject.name)
    mine = (ModerationAct.id == last.id, ModerationAct.undone_at.is_(None))
    undone = update(ModerationAct).where(*mine).values(undone_at=clock.now()).returning(ModerationAct.id)
    if db.session.execute(undone).scalar() is None:
        raise MovedOn(subject.name)
    reports.reopen(subject.name, last.at)
    _write(subject, Act.UNDO, before=last.after, after=last.before, actor=actor)


def state_of(subject: Subject) -> str:
    """How a subject stands. Raises the kind's own RowNotFound."""
    return KINDS[subject.kind][0](subject.number)


def _write(
    subject: Subject,
    act: Act,
    *,
    before: str,
    after: str,
    actor: str,
    reason: RejectReason | None = None,
    note: str = "",
) -> None:
    if state_of(subject) != before or before not in WORDS:
        raise MovedOn(subject.name)
    if before != after:
        KINDS[subject.kind][1](subject.number, before, after, actor)
    moment = clock.now()
    if act != Act.UNDO:
        reports.settle(subject.name, moment)
    done = {"subject": subject.name, "act": act, "before": before, "after": after, "reason": reason, "note": note}
    db.session.add(ModerationAct(**done, actor=actor, at=moment))
    db.session.flush()
    why = {"reason": reason.value} if reason else {}
    audit.record(f"moderation.{act}", subject.name, actor=actor, before=before, after=after, **why)


@contextmanager
def _told_apart(number: int):  # type: ignore[no-untyped-def]
    """Each kind's own errors as ours."""
    try:
        yield
    except (comments.MovedOn, wall.JudgedAlready) as error:
        raise MovedOn(str(number)) from error
    except VaultError as error:
        raise Unreadable(str(number)) from error


def _comment_state(number: int) -> str:
    return comments.find(number).state.value


def _move_comment(number: int, before: str, after: str, actor: str) -> None:
    with _told_apart(number):
        comments.move(comments.find(number), before=CommentState(before), after=CommentState(after))


def _wall_state(number: int) -> str:
    return STATES.get(wall.get(number).words, "")


def _move_wall(number: int, before: str, after: str, actor: str) -> None:
    """Through waiting, which makes sure that the row still stands as it was seen."""
    with _told_apart(number):
        wall.hold_again(number, WORDS[before])
        if after != HELD:
            wall.judge(number, WORDS[after], actor=actor)


Move = Callable[[int, str, str, str], None]
KINDS: Mapping[str, tuple[Callable[[int], str], Move]] = {
    "comment": (_comment_state, _move_comment),
    "wall": (_wall_state, _move_wall),
}
