"""Signatures taken out of the count by a condition, and given back: asked for here, done by the worker in batches.

An invalidated row keeps its person data and its index, so that the same address cannot sign again (DESIGN.md §4)."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from core import audit, clock
from core.db import RowNotFound, db
from core.jobs import enqueue
from core.vault import SITE, Sealed, vault
from petitions.abuse.conditions import CRITERIA, Condition, candidates, matches, opens
from petitions.abuse.models import Invalidation
from petitions.models import Petition, Signature
from petitions.persons import UNREADABLE, opener
from petitions.states import InvalidationState

S = InvalidationState
CONTEXT = "undersigned/invalidation/v1"
SAMPLE = 20
LISTED = 100
COUNTED_AT_ONCE = 10_000  # candidates that the office opens while somebody waits; more are counted by the worker
TRANSITIONS: dict[InvalidationState, tuple[InvalidationState, ...]] = {
    S.PREVIEW: (S.RUNNING, S.CANCELLED),
    S.RUNNING: (S.CANCELLED, S.DONE),
    S.DONE: (S.UNDOING,),
    S.CANCELLED: (S.UNDOING,),
    S.UNDOING: (S.UNDONE,),
    S.UNDONE: (),
}


class InvalidationNotFound(RowNotFound):
    """No such invalidation of this petition."""


class NoCriteria(ValueError):
    """A condition without a criterion would take out everybody."""


class NoReason(ValueError):
    """Taking signatures out of the count needs a reason that the audit chain keeps."""


class ConditionGone(LookupError):
    """The condition was cleared together with the petition's personal data."""


class MovedOn(ValueError):
    """The invalidation is not in the state that this act begins from; somebody else was faster."""


def get(petition: Petition, invalidation_id: int) -> Invalidation:
    """An invalidation of this very petition. Raises InvalidationNotFound."""
    found = db.session.get(Invalidation, invalidation_id)
    if found is None or found.petition_id != petition.id:
        raise InvalidationNotFound(invalidation_id)
    return found


def list_of(petition: Petition) -> Sequence[Invalidation]:
    """The petition's latest hundred invalidations, the newest first."""
    mine = select(Invalidation).where(Invalidation.petition_id == petition.id)
    return db.session.scalars(mine.order_by(Invalidation.id.desc()).limit(LISTED)).all()


def prepare(petition: Petition, condition: Condition, *, actor: str) -> Invalidation:
    """A preview: the condition sealed, its matches counted now where they are few, else by the worker. Raises NoCriteria.

    The caller has called vault().prepare(SITE) before its transaction began."""
    asked = {name: condition[name] for name in CRITERIA if condition.get(name)}
    if not asked:
        raise NoCriteria
    public_id = secrets.token_hex(8)
    sealed = vault().seal(SITE, CONTEXT, public_id, {"condition": asked})
    found = Invalidation(
        public_id=public_id, petition_id=petition.id, key_id=sealed.key_id, data_key_id=sealed.data_key_id,
        blob=sealed.blob, criteria=sorted(asked), created_by=actor, last=_newest(petition.id),
    )  # fmt: skip
    db.session.add(found)
    db.session.flush()
    found.found = count_now(petition, asked)
    journal("invalidation.prepared", found, actor, criteria=found.criteria, matches=found.found)
    if found.found is None:
        promise_work(found)
    return found


def condition_of(found: Invalidation) -> dict[str, str]:
    """The condition, opened; needs the keystore. Raises ConditionGone."""
    if not found.blob:
        raise ConditionGone(found.public_id)
    sealed = Sealed(found.key_id, found.data_key_id, found.blob)
    opened = vault().open(sealed, scope=SITE, context=CONTEXT, public_id=found.public_id)
    return dict(opened["condition"])


def count_now(petition: Petition, condition: Condition) -> int | None:
    """How many signatures match; None where too many would have to be opened while somebody waits."""
    if not opens(condition):
        return db.session.scalar(candidates(petition.id, condition, func.count()))
    rows = db.session.execute(candidates(petition.id, condition).limit(COUNTED_AT_ONCE + 1)).all()
    if len(rows) > COUNTED_AT_ONCE:
        return None
    return len(matching(petition, condition, rows))


def sample(petition: Petition, condition: Condition) -> list[tuple[Any, dict[str, Any]]]:
    """Up to 20 of the newest signatures that match, each with its opened person, for the organiser's eyes only."""
    newest = candidates(petition.id, condition).where(Signature.blob.is_not(None)).order_by(Signature.id.desc())
    rows = db.session.execute(newest.limit(COUNTED_AT_ONCE if opens(condition) else SAMPLE)).all()
    return opened(petition, condition, rows, most=SAMPLE)


def matching(petition: Petition, condition: Condition, rows: Sequence[Any]) -> list[Any]:
    """Those of the candidates that match the whole condition."""
    if not opens(condition):
        return list(rows)
    return [row for row, _person in opened(petition, condition, rows)]


def opened(petition: Petition, condition: Condition, rows: Sequence[Any], most: int | None = None) -> list[Any]:
    """(row, person) of those candidates that match; one that does not open, or was cleared, matches nothing."""
    open_row, found = opener(petition), []
    for row in rows:
        try:
            person = open_row(str(row.key_id), str(row.data_key_id), row.blob or b"", row.public_id)
        except UNREADABLE:
            continue
        if matches(condition, person):
            found.append((row, person))
            if len(found) == most:
                break
    return found


def start(found: Invalidation, *, actor: str, reason: str) -> None:
    """Takes the matches out of the count from now on, batch by batch. Raises NoReason, MovedOn."""
    if not reason.strip():
        raise NoReason
    move(found, S.RUNNING, cursor=0, taken=0, last=_newest(found.petition_id), reason=reason.strip())
    journal("invalidation.started", found, actor, reason=found.reason, criteria=found.criteria, counted=found.found)
    promise_work(found)


def cancel(found: Invalidation, *, actor: str) -> None:
    """Stops it: a preview goes away, a running one keeps what it took until that is undone. Raises MovedOn."""
    move(found, S.CANCELLED, ended_at=clock.now())
    journal("invalidation.cancelled", found, actor, taken=found.taken)


def undo(found: Invalidation, *, actor: str) -> None:
    """Counts again exactly those that it took and that nobody has withdrawn since. Raises MovedOn."""
    move(found, S.UNDOING, cursor=0, ended_at=None)
    journal("invalidation.undoing", found, actor, taken=found.taken)
    promise_work(found)


def progress(found: Invalidation) -> int:
    """How far it is through the petition's signatures, in percent."""
    return min(100, 100 * found.cursor // found.last) if found.last else 100


def move(found: Invalidation, target: InvalidationState, **values: Any) -> None:
    """One step along TRANSITIONS, guarded by its state in the database. Raises MovedOn."""
    source = found.state
    if target not in TRANSITIONS[source]:
        raise MovedOn(f"{source} → {target}")
    db.session.flush()
    same = (Invalidation.id == found.id, Invalidation.state == source)
    moved = update(Invalidation).where(*same).values(state=target, **values).returning(Invalidation.id)
    if db.session.execute(moved, execution_options={"synchronize_session": False}).scalar() is None:
        raise MovedOn(f"{source} → {target}")
    db.session.refresh(found)


def promise_work(found: Invalidation) -> None:
    """Promises the job that goes on from here, once."""
    key = f"invalidate:{found.public_id}:{found.state}:{found.cursor}"
    enqueue("petitions.invalidate", {"invalidation": found.id}, key=key)


def _newest(petition_id: int) -> int:
    return db.session.scalar(select(func.max(Signature.id)).where(Signature.petition_id == petition_id)) or 0


def journal(act: str, found: Invalidation, actor: str, **detail: Any) -> None:
    """One entry of the audit chain: counts, reason and the names of criteria, never what they look for."""
    slug = db.session.scalar(select(Petition.slug).where(Petition.id == found.petition_id))
    audit.record(act, f"{slug}:{found.public_id}", actor=actor, **detail)
