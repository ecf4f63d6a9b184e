"""Changing a petition's key: pair and, once nobody can sign any more, the key of its blind index (ADR 0014).

An index moves with every row that carries it in one transaction, so that an address is found, and counted, once throughout."""

import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, select, true, update
from sqlalchemy.orm import aliased

from core import rotation
from core.db import db
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.rotation import SealedRows
from core.vault import vault
from petitions.deadlines import over_at
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.persons import SEALED_CONTEXT
from petitions.states import SubmissionState

INDEXED: tuple[Any, ...] = (Submission, Signature, Invitation)
STILL_COUNTED = (
    Submission.state == SubmissionState.IMPORTED,
    SubmissionState.IMPORTED,
)  # apart, with or without its person
LOST_SUBMISSION = {
    "state": case(STILL_COUNTED, else_=SubmissionState.EXPIRED), "code_digest": None, "bucket": None,
}  # fmt: skip


def sealed_rows(petition: Petition | None = None) -> tuple[SealedRows, ...]:
    """Whatever is sealed to a petition's scope; of no petition in particular for `rotation.lose`."""
    tables: tuple[tuple[Any, dict[str, Any]], ...] = (
        (Submission, LOST_SUBMISSION),
        (Signature, {}),
        (Invitation, {"digest": None}),
    )
    return tuple(
        SealedRows(table, SEALED_CONTEXT, true() if petition is None else table.petition_id == petition.id, lost)
        for table, lost in tables
    )


def begin(petition: Petition, moment: datetime) -> bool:
    """A new pair, and a new index key unless the present one is still needed; whether the index key is new. Commits."""
    fresh = may_move_index(petition, moment)
    rotation.replace(petition.scope, moment, same_index=not fresh)
    return fresh


def may_move_index(petition: Petition, moment: datetime) -> bool:
    """Whether each index can be made anew: nobody signs any more, and no row has kept an index without its address."""
    closed = over_at(petition)
    if closed is None or closed > moment:
        return False
    silenced = select(Suppression.petition_id).where(Suppression.petition_id == petition.id).limit(1)
    if db.session.scalar(silenced) is not None:
        return False
    return not any(db.session.scalar(_without_address(table, petition)) for table in INDEXED)


def _without_address(table: Any, petition: Petition) -> Any:
    """A row whose index no sealed row carries; NOT EXISTS, since NOT IN is looked through row by row once it fills memory."""
    carrying = []
    for other in map(aliased, INDEXED):
        same = (other.petition_id == petition.id, other.email_index == table.email_index, other.blob.is_not(None))
        carrying.append(~select(other.id).where(*same).exists())
    mine = (table.petition_id == petition.id, table.email_index.is_not(None), table.blob.is_(None))
    return select(table.id).where(*mine, *carrying).limit(1)


def go_on(petition: Petition) -> Iterator[None]:
    """Seals anew whatever retired pairs of the petition hold, with its index where that has a new key; commit after each."""
    present = rotation.active(petition.scope)
    if present is None:
        return
    index_key = vault().index_key(present.id)
    moves = any(vault().index_key(key.id) != index_key for key in rotation.retired(petition.scope))

    def moved(table: Any, opened: list[tuple[Any, dict[str, Any]]]) -> None:
        known = select(table.id, table.email_index).where(table.id.in_([row.id for row, _ in opened]))
        was = {row.id: row.email_index for row in db.session.execute(known)}
        wanted = {
            was[row.id]: (blind_index(index_key, person["email"]), row.public_id)
            for row, person in opened
            if was.get(row.id) is not None
        }
        _move(petition, {old: found for old, found in wanted.items() if old != found[0]}, index_key)

    yield from rotation.reseal(petition.scope, sealed_rows(petition), moved=moved if moves else None)


def _move(petition: Petition, wanted: dict[bytes, tuple[bytes, str]], index_key: bytes) -> None:
    """Gives every row of these addresses their new index, by the old one.

    Newer rules may read as one address what older ones counted as two: the second then gets an index that no address has."""
    if not wanted:
        return
    taken = _carriers(petition, [new for new, _ in wanted.values()])
    own = _carriers(petition, list(wanted))
    changes = []
    for old, (new, public_id) in wanted.items():
        if own.get(old, set()) & taken.get(new, set()):
            new = hmac.digest(index_key, b"\0" + public_id.encode(), "sha256")
        taken.setdefault(new, set()).update(own.get(old, set()))
        changes.append({"old": old, "email_index": new, "index_version": RULES_VERSION})
    for table in INDEXED:
        columns = table.__table__.c
        carrying = (columns.petition_id == petition.id, columns.email_index == bindparam("old"))
        db.session.connection().execute(update(table.__table__).where(*carrying), changes)


def _carriers(petition: Petition, indexes: list[bytes]) -> dict[bytes, set[str]]:
    """Index → the tables, of those that allow each index once, in which a row carries it."""
    found: dict[bytes, set[str]] = {}
    for table in INDEXED[1:]:
        carried = select(table.email_index).where(table.petition_id == petition.id, table.email_index.in_(indexes))
        for index in db.session.scalars(carried):
            found.setdefault(bytes(index or b""), set()).add(table.__tablename__)
    return found
