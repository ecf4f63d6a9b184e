"""Changing a petition's key: pair and, once nobody can sign any more, the key of its blind index (ADR 0014).

An index moves with every row that carries it in one transaction, so that an address is found, and counted, once throughout."""

import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select, true, update

from core import rotation
from core.db import db
from core.rotation import SealedRows
from core.vault import vault
from petitions.canonical import RULES_VERSION, blind_index
from petitions.deadlines import over_at
from petitions.invitation_models import Invitation
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.persons import SEALED_CONTEXT
from petitions.states import SubmissionState

INDEXED = (Submission, Signature, Invitation)
LOST_SUBMISSION = {"state": SubmissionState.EXPIRED, "code_digest": None, "bucket": None}


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
    sealed = [
        select(table.email_index).where(table.petition_id == petition.id, table.blob.is_not(None)) for table in INDEXED
    ]
    known = sealed[0].union(*sealed[1:]).subquery()
    return not any(
        db.session.scalar(
            select(table.id)
            .where(table.petition_id == petition.id, table.email_index.is_not(None))
            .where(table.email_index.not_in(select(known.c.email_index).where(known.c.email_index.is_not(None))))
            .limit(1)
        )
        for table in INDEXED
    )


def go_on(petition: Petition) -> Iterator[None]:
    """Seals anew whatever retired pairs of the petition hold, with its index where that has a new key; commit after each."""
    present = rotation.active(petition.scope)
    if present is None:
        return
    index_key = vault().index_key(present.id)

    def moved(table: Any, row_id: int, person: dict[str, Any]) -> None:
        row = db.session.execute(select(table.email_index, table.public_id).where(table.id == row_id)).one_or_none()
        if row is not None and row.email_index is not None:
            _move(petition, row.email_index, blind_index(index_key, person["email"]), index_key, row.public_id)

    yield from rotation.reseal(petition.scope, sealed_rows(petition), moved=moved)


def _move(petition: Petition, was: bytes, wanted: bytes, index_key: bytes, public_id: str) -> None:
    """Gives every row of one address its new index.

    Newer rules may read as one address what older ones counted as two: the second then gets an index that no address has."""
    if was == wanted:
        return
    taken = [
        select(table.id).where(table.petition_id == petition.id, table.email_index == wanted) for table in INDEXED[1:]
    ]
    mine = [select(table.id).where(table.petition_id == petition.id, table.email_index == was) for table in INDEXED[1:]]
    for there, here in zip(taken, mine, strict=True):
        if db.session.scalar(there.limit(1)) is not None and db.session.scalar(here.limit(1)) is not None:
            wanted = hmac.digest(index_key, b"\0" + public_id.encode(), "sha256")
    for table in INDEXED:
        carrying = update(table).where(table.petition_id == petition.id, table.email_index == was)
        values = {"email_index": wanted, "index_version": RULES_VERSION}
        db.session.execute(carrying.values(values), execution_options={"synchronize_session": False})
