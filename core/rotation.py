"""Changing a scope's key: a new pair, everything sealed anew in batches, and the old private half destroyed at the end.

Where a rotation stands is told by the database and the keystore alone, so that one which was killed goes on anywhere."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, true, update

from core import audit
from core.data_keys import DATA_KEY_LIFE
from core.db import Base, db
from core.vault import DataKey, VaultError, VaultKey, vault

log = logging.getLogger(__name__)

MARGIN = timedelta(minutes=5)  # from sealing a row to its commit, and what clocks of two machines differ by
AT_ONCE = 500

Moved = Callable[[Any, list[tuple[Any, dict[str, Any]]]], None]


class KeyInUse(Exception):
    """Rows still name a retired key and could not be sealed anew: its private half stays."""


@dataclass(frozen=True)
class SealedRows:
    """The rows of one table that are sealed to a scope; `lost` is what is set where no key opens them any more."""

    table: Any
    context: str
    of: Any = field(default_factory=true)
    lost: Mapping[str, Any] = field(default_factory=dict)


def replace(scope: str, moment: datetime, *, same_index: bool) -> None:
    """Gives the scope a new pair and retires the present one; with `same_index` blind indexes stay as they are. Commits."""
    old = active(scope)
    if old is None:
        raise VaultError(f"{scope} has no key")
    made = vault().keystore.create_scope_key(after=old.id, same_index=same_index)
    retiring = update(VaultKey).where(VaultKey.id == old.id, VaultKey.retired_at.is_(None)).values(retired_at=moment)
    if db.session.execute(retiring.returning(VaultKey.id)).scalar() is None:  # somebody else was faster
        db.session.rollback()
        vault().keystore.destroy(made.key_id)
        return
    vault().publish(scope, made).created_at = moment
    audit.record("key.replaced", scope, actor="system", old=old.id, new=made.key_id, same_index=same_index)
    db.session.commit()
    vault().renew(scope)


def active(scope: str) -> VaultKey | None:
    return db.session.scalar(select(VaultKey).where(VaultKey.scope == scope, VaultKey.retired_at.is_(None)))


def retire(scope: str, moment: datetime) -> None:
    """Takes the scope's key out of use, with none in its place: nothing can be sealed to it any more."""
    db.session.execute(
        update(VaultKey).where(VaultKey.scope == scope, VaultKey.retired_at.is_(None)).values(retired_at=moment)
    )


def retired(scope: str | None = None) -> list[VaultKey]:
    """Retired keys (of one scope) whose private half is still in the keystore, the oldest first."""
    query = select(VaultKey).where(VaultKey.retired_at.is_not(None)).order_by(VaultKey.retired_at)
    found = db.session.scalars(query if scope is None else query.where(VaultKey.scope == scope))
    return [key for key in found if vault().keystore.holds(key.id)]


def reseal(scope: str, tables: Sequence[SealedRows], *, moved: Moved | None = None) -> Iterator[None]:
    """Seals anew what retired pairs hold; the caller commits after each batch. A row that does not open stays as it is.

    `moved(table, [(row, fields), …])` is called with what was opened of a batch, in its transaction."""
    old = [key.id for key in retired(scope)]
    if old:
        vault().renew(scope)  # the data key at hand may be of the pair that was retired
        for rows in tables:
            yield from _reseal_table(scope, rows, old, moved)


def _reseal_table(scope: str, rows: SealedRows, old: list[str], moved: Moved | None) -> Iterator[None]:
    table, last, opener = rows.table, 0, vault().opener(scope, rows.context)
    columns = (table.id, table.public_id, table.key_id, table.data_key_id, table.blob)
    naming = select(*columns).where(rows.of, table.key_id.in_(old)).order_by(table.id).limit(AT_ONCE)
    while batch := db.session.execute(naming.where(table.id > last)).all():
        db.session.rollback()  # a data key is committed while no transaction is open
        vault().prepare(scope)
        _unname(table, [row.id for row in batch if not row.blob])
        opened = list(_opened(table, batch, opener))
        if moved is not None:
            moved(table, opened)
        _write(table, [_sealed(scope, rows, row, fields) for row, fields in opened])
        last = batch[-1].id
        yield


def _opened(table: Any, batch: Sequence[Any], opener: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    for row in batch:
        if row.blob:
            try:
                yield row, opener(row.key_id, row.data_key_id, row.blob, row.public_id)
            except VaultError:
                log.error("row %s of %s does not open and keeps its key", row.public_id, table.__tablename__)


def _sealed(scope: str, rows: SealedRows, row: Any, fields: dict[str, Any]) -> dict[str, Any]:
    box = vault().seal(scope, rows.context, row.public_id, fields)
    return {"row": row.id, "was": row.blob, "key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob}


def _write(table: Any, sealed: list[dict[str, Any]]) -> None:
    """A row that was emptied or written anew since it was read is left to the next sweep."""
    if sealed:
        columns = table.__table__.c
        same = (columns.id == bindparam("row"), columns.blob == bindparam("was"))
        db.session.connection().execute(update(table.__table__).where(*same), sealed)


def _unname(table: Any, ids: list[int]) -> None:
    """Emptied rows name no key: there is nothing to open."""
    if ids:
        nothing = None if table.__table__.c.key_id.nullable else ""
        emptied = update(table).where(table.id.in_(ids), func.coalesce(func.length(table.blob), 0) == 0)
        values = {"key_id": nothing, "data_key_id": nothing}
        db.session.execute(emptied.values(values), execution_options={"synchronize_session": False})


def safe_at(key: VaultKey) -> datetime | None:
    """From when on no process can hold a data key of the pair, nor a row sealed with one be on its way; None: now."""
    newest = db.session.scalar(select(func.max(DataKey.created_at)).where(DataKey.key_id == key.id))
    return newest and newest + DATA_KEY_LIFE + MARGIN


def destroy(key: VaultKey) -> None:
    """Destroys a retired private half, journalled and in the audit chain. Commits. Raises KeyInUse where rows name it."""
    if tables := named_in(key.id):
        raise KeyInUse(f"{key.scope}: {', '.join(tables)}")
    db.session.execute(update(DataKey).where(DataKey.key_id == key.id).values(sealed=b""))
    audit.record("key.destroyed", key.scope, actor="system", key=key.id)
    key_id = key.id
    db.session.commit()
    vault().keystore.destroy(key_id)
    vault().forget_opened()


def named_in(key_id: str) -> list[str]:
    """The tables with a row that names the key: whatever table has such a column, told to this module or not."""
    tables = [table for table in Base.metadata.sorted_tables if "key_id" in table.c and table.name != "data_keys"]
    return [
        table.name
        for table in tables
        if db.session.execute(select(1).select_from(table).where(table.c.key_id == key_id).limit(1)).first()
    ]


def lose(key_id: str, tables: Sequence[SealedRows], **more: Any) -> None:
    """Empties the rows that name a destroyed key, as an old backup brings them back: nothing opens them any more.

    `more` is set as well in those tables that have such columns."""
    for rows in tables:
        columns = rows.table.__table__.c
        nothing = None if columns.key_id.nullable else ""
        unnamed = {"key_id": nothing, "data_key_id": nothing}
        also = {name: value for name, value in more.items() if name in columns}
        values = {**rows.lost, **also, **unnamed, "blob": None if columns.blob.nullable else b""}
        named = update(rows.table).where(rows.table.key_id == key_id)
        full = named.where(func.length(rows.table.blob) > 0)
        for change in (full.values(values), named.values(unnamed)):
            db.session.execute(change, execution_options={"synchronize_session": False})
