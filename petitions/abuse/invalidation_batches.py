"""The worker's part of an invalidation: counting, taking out, giving back, a batch a transaction, from its cursor on.

What is read is opened before the transaction begins; its first statement moves the cursor, so that two workers at the same
batch cannot both have it, and every row is moved only if it still stands as it was read."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update

from core import clock
from core.db import db
from petitions.abuse import invalidation_services as invalidations
from petitions.abuse.conditions import Condition, candidates
from petitions.abuse.models import Invalidation
from petitions.counting import tallies
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature, Submission
from petitions.persons import opener, public_affiliation
from petitions.states import InvalidationState, InvitationKind, InvitationState, SignatureState, Visibility

S = InvalidationState
AT_ONCE = 1000
PAUSE = 0.03  # seconds between two batches: on SQLite others write only then
RUN_FOR = 15.0  # seconds of one job, far under its lease
FOLLOWED = timedelta(days=22)  # as long as a link that was mailed before may still be pressed
MOVED = (Signature.id, Signature.country, Signature.source, Signature.confirmed_at, Signature.method)
SILENT = {"synchronize_session": False}


def work_on(invalidation_id: int) -> None:
    """The job: as many batches as fit into its time, one commit each; then it promises the next job, or the end is reached."""
    until = time.monotonic() + RUN_FOR
    while True:
        found = db.session.get_one(Invalidation, invalidation_id, populate_existing=True)
        if found.state not in STEPS or not (
            found.blob or found.state == S.UNDOING
        ):  # its petition was erased meanwhile
            return
        if not STEPS[found.state](found):
            return
        if time.monotonic() >= until:
            db.session.refresh(found)
            return invalidations.promise_work(found)
        time.sleep(PAUSE)


def follow() -> bool:
    """The worker's tick: signed before, confirmed since: whom an invalidation that was done meets late, it takes too."""
    recent = (Invalidation.state == S.DONE, Invalidation.created_at > clock.now() - FOLLOWED, Invalidation.blob != b"")
    moved = False
    for found in db.session.scalars(select(Invalidation).where(*recent).order_by(Invalidation.id)).all():
        behind = _look_again(found)
        while behind and found.state == S.DONE and _take(found):  # an undo may have come between
            moved = True
    db.session.commit()
    return moved


def _look_again(found: Invalidation) -> bool:
    """As far as to the newest signature; for a wave from the first that was marked only after it had been passed.

    Whether there is anything to look at."""
    condition = invalidations.condition_of(found)
    if "cluster" in condition:
        first = db.session.scalar(candidates(found.petition_id, condition, func.min(Signature.id)))
        if first is None:
            return False
        found.cursor = min(found.cursor, first - 1)
    newest = select(func.max(Signature.id)).where(Signature.petition_id == found.petition_id)
    found.last = db.session.scalar(newest) or 0
    return found.last > found.cursor


def _take(found: Invalidation) -> bool:
    """One batch into `invalidated`, committed; whether there may be more. Names leave the page in the same transaction."""
    petition, condition = db.session.get_one(Petition, found.petition_id), invalidations.condition_of(found)
    rows = _ahead(found, condition)
    if not rows:
        return _end(found, S.DONE)
    chosen = [row.id for row in invalidations.matching(petition, condition, rows)]
    if not _advance(found, rows[-1].id):
        return True
    gone = {
        "state": SignatureState.INVALIDATED, "invalidation_id": found.id, "public_name": None, "public_affiliation": None,
    }  # fmt: skip
    own = (Signature.id.in_(chosen), Signature.state == SignatureState.VALID)
    moved = db.session.execute(update(Signature).where(*own).values(gone).returning(*MOVED), execution_options=SILENT)
    _count(found, petition, -1, moved.all())
    db.session.commit()
    return True


def _give_back(found: Invalidation) -> bool:
    """One batch back into `valid`, committed; public names are opened and shown again."""
    petition = db.session.get_one(Petition, found.petition_id)
    taken = (Signature.petition_id == petition.id, Signature.state == SignatureState.INVALIDATED)  # in an index's order
    own = (*taken, Signature.invalidation_id == found.id)
    shown = (Signature.public_id, Signature.key_id, Signature.data_key_id, Signature.blob, Signature.visibility)
    ahead = select(Signature.id, *shown).where(*own, Signature.id > found.cursor).order_by(Signature.id).limit(AT_ONCE)
    rows = db.session.execute(ahead).all()
    if not rows:
        return _end(found, S.UNDONE)
    names = _public_names(petition, rows)
    if not _advance(found, rows[-1].id):
        return True
    back = {"state": SignatureState.VALID, "invalidation_id": None}
    chosen = (*own, Signature.id.in_([row.id for row in rows]))
    moved = db.session.execute(
        update(Signature).where(*chosen).values(back).returning(*MOVED), execution_options=SILENT
    )
    returned = moved.all()
    _show(names, {row.id for row in returned})
    _count(found, petition, 1, returned)
    db.session.commit()
    return True


def _tell(found: Invalidation) -> bool:
    """One batch of a preview counted, committed."""
    if found.found is not None:
        return False
    petition, condition = db.session.get_one(Petition, found.petition_id), invalidations.condition_of(found)
    rows = _ahead(found, condition)
    taken = len(invalidations.matching(petition, condition, rows))
    if not rows:
        found.found = found.taken
    elif _advance(found, rows[-1].id):
        found.taken += taken
    db.session.commit()
    return bool(rows)


STEPS = {S.PREVIEW: _tell, S.RUNNING: _take, S.UNDOING: _give_back}


def _ahead(found: Invalidation, condition: Condition) -> Sequence[Any]:
    """The next candidates. A follower leaves alone whoever signed after the invalidation was made, except in its cluster."""
    within = (Signature.id > found.cursor, Signature.id <= (found.last or 0))
    late = found.state == S.DONE and "cluster" not in condition
    query = candidates(found.petition_id, condition, received=late).where(*within)
    if late:
        hour = clock.to_hour(found.created_at)  # what came by no submission knows its hour only
        unsent = and_(Submission.id.is_(None), Signature.signed_at < hour)
        query = query.where(or_(Submission.received_at < found.created_at, unsent))
    return db.session.execute(query.order_by(Signature.id).limit(AT_ONCE)).all()


def _advance(found: Invalidation, cursor: int) -> bool:
    """Begins the transaction: the cursor goes on, unless another worker has moved it or somebody has cancelled."""
    here = (Invalidation.id == found.id, Invalidation.state == found.state, Invalidation.cursor == found.cursor)
    moved = update(Invalidation).where(*here).values(cursor=cursor).returning(Invalidation.id)
    if db.session.execute(moved, execution_options=SILENT).scalar() is None:
        db.session.rollback()
        return False
    db.session.refresh(found)
    return True


def _count(found: Invalidation, petition: Petition, step: int, moved: Sequence[Any]) -> None:
    tallies.change_many(petition.id, step, moved)
    found.taken -= step * len(moved)


def _end(found: Invalidation, state: InvalidationState) -> bool:
    """Nothing is ahead: the end, once, and in the audit chain."""
    try:
        if found.state != state:  # a follower stays done
            invalidations.move(found, state, ended_at=clock.now())
            invalidations.journal(f"invalidation.{state}", found, "worker", taken=found.taken)
    except invalidations.MovedOn:  # cancelled just now
        db.session.rollback()
    db.session.commit()
    return False


def _public_names(petition: Petition, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """What the page showed of those who chose to be public and whose data has not been cleared."""
    open_row = opener(petition)
    public = [row for row in rows if row.visibility == Visibility.PUBLIC and row.blob]
    unshown = (InvitationState.CONFIRMED, InvitationState.REJECTED)  # without a yes
    waiting = (Invitation.kind == InvitationKind.NOTABLE, Invitation.state.in_(unshown))
    those = select(Invitation.signature_id).where(Invitation.signature_id.in_([row.id for row in public]), *waiting)
    unapproved = set(db.session.scalars(those))
    shown = [row for row in public if row.id not in unapproved]
    people = [(row.id, open_row(row.key_id, row.data_key_id, row.blob, row.public_id)) for row in shown]
    return [{"row": key, "name": person["name"], "shown": public_affiliation(person)} for key, person in people]


def _show(names: Sequence[dict[str, Any]], returned: set[int]) -> None:
    wanted = [name for name in names if name["row"] in returned]
    if wanted:
        table = Signature.__table__
        chosen = (table.c.id == bindparam("row"), table.c.visibility == Visibility.PUBLIC)
        shown: dict[str, Any] = {"public_name": bindparam("name"), "public_affiliation": bindparam("shown")}
        db.session.connection().execute(update(table).where(*chosen).values(shown), wanted)  # type: ignore[arg-type]
