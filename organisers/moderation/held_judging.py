"""The held queue as organisers judge it: each judgement a row of the book with its reason, and undone within a week."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import update

from core import audit, clock
from core.db import db
from organisers.moderation import acts
from organisers.moderation.models import Act, ModerationAct, RejectReason
from petitions.abuse import held_services, held_undoing
from petitions.models import Petition

HELD, RELEASED, DISCARDED = "held", "released", "discarded"
AFTER = {Act.APPROVE: RELEASED, Act.REJECT: DISCARDED}
DO = {Act.APPROVE: held_services.release, Act.REJECT: held_services.discard}
SHOWN = 20


class NothingToUndo(ValueError):
    """It was undone, or there never was such a judgement of this petition."""


class Judged(NamedTuple):
    """A judgement of the queue, and how many signatures undoing it would hold again."""

    act: ModerationAct
    left: int


def judge(
    petition: Petition,
    act: Act,
    chosen: Mapping[str, Any],
    *,
    actor: str,
    reason: RejectReason | None = None,
    note: str = "",
) -> int:
    """Lets go or discards what is chosen. How many; where none was left, nothing is written. Raises TakesNone."""
    with db.session.begin_nested() as whole:
        row = _write(petition, act, before=HELD, after=AFTER[act], actor=actor, reason=reason, note=note)
        number = DO[act](petition, judgement=row.id, actor=actor, **chosen)
        if not number:
            whole.rollback()
    return number


def undo(petition: Petition, judgement: int, *, actor: str) -> int:
    """Holds again what a judgement let go or discarded, as far as that still can be. How many. Raises NothingToUndo."""
    mine = (ModerationAct.id == judgement, ModerationAct.subject == subject_of(petition), *acts.stands())
    undone = update(ModerationAct).where(*mine).values(undone_at=clock.now()).returning(ModerationAct.after)
    after = db.session.execute(undone).scalar()
    if after is None:
        raise NothingToUndo(str(judgement))
    number = held_undoing.undo(judgement)
    _write(petition, Act.UNDO, before=after, after=HELD, actor=actor)
    audit.record("held.undone", petition.slug, actor=actor, submissions=number, judgement=judgement)
    return number


def history(petition: Petition) -> Sequence[Judged]:
    """What was done lately, the newest first."""
    found = acts.of(subject_of(petition), limit=SHOWN)
    left = held_undoing.left([act.id for act in found if act.undone_at is None])
    return [Judged(act, left.get(act.id, 0)) for act in found]


def subject_of(petition: Petition) -> str:
    return f"held:{petition.id}"


def _write(petition: Petition, act: Act, **values: Any) -> ModerationAct:
    row = ModerationAct(subject=subject_of(petition), act=act, at=clock.now(), **values)
    db.session.add(row)
    db.session.flush()
    return row
