"""Judging what the public wrote, of whatever kind: approve, reject, undo; whoever judges what another has judged is told."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress

from sqlalchemy import update

from cases.comments import judging as comments
from cases.comments.models import CommentState
from core import audit, clock, reports
from core.db import db
from core.keystore import KeyMissing
from core.vault import SITE, VaultError, vault
from donations.wall import services as wall
from organisers.moderation import acts, subjects
from organisers.moderation.models import Act, ModerationAct, RejectReason
from organisers.moderation.subjects import APPROVED, CLAIMS, HELD, JUDGED, REJECTED, WORDS, Subject
from petitions.invitations import judging as claims

AFTER = {Act.APPROVE: APPROVED, Act.REJECT: REJECTED}


class MovedOn(ValueError):
    """The subject stands otherwise than the page showed: somebody else was faster, or its writer took it back."""


class NothingToUndo(ValueError):
    """Nobody has judged it, or all of it was undone."""


class Unreadable(ValueError):
    """Its seal does not open, so that it cannot be shown."""


def prepare() -> None:
    """Readies the vault, before anything is written; where it cannot be readied, what needs a seal says so itself."""
    with suppress(VaultError):
        vault().prepare(SITE)


def judge(
    subject: Subject, act: Act, *, seen: str, actor: str, reason: RejectReason | None = None, note: str = ""
) -> None:
    """Approves or rejects what stands as it was seen, and settles its reports; approving what is shown keeps it.

    `prepare` came first. Raises MovedOn, Unreadable, SubjectNotFound."""
    _write(subject, act, before=seen, after=AFTER[act], actor=actor, reason=reason, note=note)


def undo(subject: Subject, *, seen: str, actor: str) -> None:
    """Takes the standing judgement back, with its reports. `prepare` came first.

    Raises MovedOn, NothingToUndo, Unreadable, SubjectNotFound."""
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
    if subjects.look(subject).state != before or before not in JUDGED:
        raise MovedOn(subject.name)
    if before != after:
        with _told_apart(subject):
            MOVES[subject.kind](subject.number, before, after, actor)
    moment = clock.now()
    if act != Act.UNDO:
        reports.settle(subject.name, moment)
    done = {"subject": subject.name, "act": act, "before": before, "after": after, "reason": reason, "note": note}
    db.session.add(ModerationAct(**done, actor=actor, at=moment))
    db.session.flush()
    why = {"reason": reason.value} if reason else {}
    audit.record(f"moderation.{act}", subject.name, actor=actor, before=before, after=after, **why)


@contextmanager
def _told_apart(subject: Subject):  # type: ignore[no-untyped-def]
    """Each kind's own errors as ours."""
    try:
        yield
    except (comments.MovedOn, wall.JudgedAlready, claims.MovedOn) as error:
        raise MovedOn(subject.name) from error
    except (VaultError, KeyMissing) as error:
        raise Unreadable(subject.name) from error


def _move_comment(number: int, before: str, after: str, actor: str) -> None:
    comments.move(comments.find(number), before=CommentState(before), after=CommentState(after))


def _move_wall(number: int, before: str, after: str, actor: str) -> None:
    """Through waiting, which makes sure that the row still stands as it was seen."""
    wall.hold_again(number, WORDS[before])
    if after != HELD:
        wall.judge(number, WORDS[after], actor=actor)


def _move_claim(number: int, before: str, after: str, actor: str) -> None:
    claims.move(number, before=CLAIMS[before], after=CLAIMS[after])


MOVES: Mapping[str, Callable[[int, str, str, str], None]] = {
    "comment": _move_comment, "wall": _move_wall, "notable": _move_claim,
}  # fmt: skip
