"""Lines of a delivered list whose signatory has left since: found, numbered, and cut off from whoever it was (GDPR Art. 19).

Looked for in every pack that was made, whether or not somebody noted that it was handed over: it may have been. A line that
is noted loses its link to the signature, so that a row that was emptied is tied to no line any more."""

import sys
from array import array
from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from core import audit, clock
from core.db import db, insert
from deliveries.models import Correction, Delivery, LinePart
from deliveries.states import PUBLISHED
from petitions.models import Petition, Signature
from petitions.states import LISTED, SignatureState

AT_ONCE = 500
ROUND, FLOOR = 10, 20  # as small cells everywhere: who watches the page must not see a single one leave
NARROWED = "counted"


def look() -> bool:
    """The worker's tick: notes what has left the lists of every petition. Commits after each delivery."""
    forget_erased()
    found = False
    for delivery_id in db.session.scalars(select(Delivery.id).where(*_lists()).order_by(Delivery.id)).all():
        delivery = db.session.get_one(Delivery, delivery_id)
        found = note(delivery) > 0 or found
        db.session.commit()
    return found


def note(delivery: Delivery) -> int:
    """Notes the lines of one list whose signatories have left; how many are new."""
    left = set(db.session.scalars(_left(delivery)))
    lines = dict(_lines_of(delivery, left)) if left else {}
    if not lines:
        return 0
    reasons = _reasons(list(lines.values()))
    rows = [{"number": number, "reason": reasons[signature_id]} for number, signature_id in sorted(lines.items())]
    moment = clock.now()
    for row in rows:
        row |= {"delivery_id": delivery.id, "found_at": moment}
    for start in range(0, len(rows), AT_ONCE):
        values = insert(Correction).values(rows[start : start + AT_ONCE])
        db.session.execute(values.on_conflict_do_nothing(index_elements=["delivery_id", "number"]))
    audit.record(
        "delivery.corrected", f"{delivery.petition.slug}:{delivery.public_id}", actor="system", lines=len(rows)
    )
    return len(rows)


def unsent(delivery: Delivery) -> list[Correction]:
    """What its recipient has not been told yet, by line number."""
    return [row for row in of(delivery) if row.sent_at is None]


def of(delivery: Delivery) -> list[Correction]:
    mine = select(Correction).where(Correction.delivery_id == delivery.id)
    return list(db.session.scalars(mine.order_by(Correction.number)))


def mark_sent(delivery_id: int, last: int) -> None:
    """Its recipient was told of every correction up to this one."""
    told = (Correction.delivery_id == delivery_id, Correction.id <= last, Correction.sent_at.is_(None))
    marked = update(Correction).where(*told).values(sent_at=clock.now())
    db.session.execute(marked, execution_options={"synchronize_session": False})


def shown(delivery: Delivery) -> int | None:
    """How many lines have been taken back, as anybody may know: rounded down to tens, from 20 up; None below that, and of a
    dangerous case."""
    if delivery.petition.case.dangerous:
        return None
    taken = (
        db.session.scalar(select(func.count(Correction.delivery_id)).where(Correction.delivery_id == delivery.id)) or 0
    )
    return taken - taken % ROUND if taken >= FLOOR else None


def forget_erased() -> None:
    """Of a petition that was erased, nothing says any more who stood on which line. Commits."""
    gone = select(Delivery.id).join(Petition).where(Petition.erased_at.is_not(None))
    parts = delete(LinePart).where(LinePart.delivery_id.in_(gone))
    db.session.execute(parts, execution_options={"synchronize_session": False})
    db.session.commit()


def _lists() -> tuple[Any, ...]:
    return Delivery.state.in_(PUBLISHED), Delivery.id.in_(select(LinePart.delivery_id))


def _left(delivery: Delivery) -> Any:
    """Ids of the petition's signatures that may stand on no list now, up to the newest of this one."""
    gone = or_(Signature.state != SignatureState.VALID, Signature.visibility.not_in(LISTED))
    query = select(Signature.id).where(Signature.petition_id == delivery.petition_id, gone)
    return query if delivery.last_signature_id is None else query.where(Signature.id <= delivery.last_signature_id)


def _lines_of(delivery: Delivery, left: set[int]) -> Iterator[tuple[int, int]]:
    """Number and signature of each line that has left; its part of the list forgets who it was."""
    parts = select(LinePart).where(LinePart.delivery_id == delivery.id).order_by(LinePart.first).with_for_update()
    for part in db.session.scalars(parts).all():
        ids = _ids(part.signature_ids)
        if left.isdisjoint(ids):
            continue
        for place, signature_id in enumerate(ids):
            if signature_id in left:
                yield part.first + place, signature_id
                ids[place] = 0
        part.signature_ids = _bytes(ids)


def _reasons(signature_ids: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(signature_ids), AT_ONCE):
        some = signature_ids[start : start + AT_ONCE]
        rows = db.session.execute(select(Signature.id, Signature.state).where(Signature.id.in_(some)))
        found |= {row.id: NARROWED if row.state == SignatureState.VALID else str(row.state) for row in rows}
    return found


def _ids(packed: bytes) -> "array[int]":
    ids = array("Q", packed)
    if sys.byteorder == "little":
        ids.byteswap()
    return ids


def _bytes(ids: "array[int]") -> bytes:
    if sys.byteorder == "little":
        ids.byteswap()
    return ids.tobytes()
