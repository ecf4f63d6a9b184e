"""Long lists out of the database, in constant memory; what a batch of rows has in common is done once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Dialect, Select, func, select, text

from core.batches import batches
from core.db import UTCDateTime, db

if TYPE_CHECKING:
    from psycopg import Connection  # a site on SQLite never loads it

READ_AT_ONCE = 500
POSTGRESQL_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def stream(query: "Select[*tuple[Any, ...]]", *, snapshot: str = "") -> Iterator[Any]:
    """The rows of a query as they stand committed; on PostgreSQL by COPY, which sends on while Python works.

    `snapshot`: as they stood when this was taken by `frozen`."""
    if db.engine.dialect.name == "postgresql":
        return _copied(query, snapshot)
    return iter(db.session.execute(query.execution_options(yield_per=READ_AT_ONCE)))


def stream_apart(query: "Select[*tuple[Any, ...]]") -> Iterator[Any]:
    """`stream` on a connection of its own on both databases: whoever reads may write and commit meanwhile."""
    if db.engine.dialect.name == "postgresql":
        yield from _copied(query)
        return
    with db.engine.connect() as own:
        yield from own.execution_options(yield_per=READ_AT_ONCE).execute(query)


@contextmanager
def frozen() -> Iterator[str]:
    """A snapshot of the database that other processes may read from until the block ends. PostgreSQL only."""
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as own:
        yield own.scalar(select(func.pg_export_snapshot())) or ""


def _copied(query: "Select[*tuple[Any, ...]]", snapshot: str = "") -> Iterator[Any]:
    """On a connection of its own: the session's stays free for what opening a row needs, say its key."""
    dialect = db.engine.dialect
    sent_as, readers = zip(*(_reading(column.type, dialect) for column in query.selected_columns), strict=True)
    written = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})  # COPY takes no parameters
    command = f"COPY ({written}) TO STDOUT (FORMAT BINARY)".encode()
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as own:
        if snapshot:
            own.execute(text(f"SET TRANSACTION SNAPSHOT '{snapshot}'"))  # takes no parameter
        driver: Connection = own.connection.driver_connection  # type: ignore[assignment]
        with driver.cursor() as cursor, cursor.copy(command, ()) as copy:  # () undoubles each %
            copy.set_types(sent_as)
            for batch in batches(copy.rows(), READ_AT_ONCE):
                columns = zip(readers, zip(*batch, strict=True), strict=True)
                yield from zip(*(map(read, column) if read else column for read, column in columns), strict=True)


def _reading(kind: Any, dialect: Dialect) -> tuple[str, Callable[[Any], Any] | None]:
    """As what a column's values are taken from the wire, and what makes ours of them, if anything must."""
    if isinstance(kind, UTCDateTime):
        return "int8", _moment
    return kind.compile(dialect).partition("(")[0].lower(), kind.dialect_impl(dialect).result_processor(dialect, None)


@lru_cache(maxsize=4096)
def _moment(microseconds: int | None) -> datetime | None:
    """Of a timestamptz on the wire. Remembered: in a long list the same hours come again and again."""
    return None if microseconds is None else POSTGRESQL_EPOCH + timedelta(microseconds=microseconds)
