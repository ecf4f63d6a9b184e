"""The database handle, its column types, and how SQLite is opened.

On SQLite a read outside a transaction sees what is committed, as READ COMMITTED does on PostgreSQL; the first write takes the
write lock (`BEGIN IMMEDIATE`), so that no reader is ever asked to upgrade and told that the database is locked.

The file is SQLite's alone: whoever opens it by hand in a process that is connected to it takes all locks away on closing it."""

import threading
from datetime import UTC, datetime
from sqlite3 import Connection as SQLiteConnection
from traceback import format_tb
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, MetaData, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
PATIENCE = 10_000  # milliseconds
READS = ("SELECT", "PRAGMA", "EXPLAIN")
_writing = threading.Lock()

BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class RowNotFound(LookupError):
    """What was asked for is not there, or not for the asker; each room's own errors are named after it. Answered with 404."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC moment on both databases; a naive one is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


db = SQLAlchemy(model_class=Base, engine_options={"hide_parameters": True})  # an error's text reaches the log


def trace(error: BaseException) -> str:
    """Where an error came from and its kind, without its text: a database's message may quote a row."""
    return "".join(format_tb(error.__traceback__)) + type(error).__qualname__


def insert(table: Any) -> Any:
    """An INSERT that knows ON CONFLICT on the database in use."""
    return (postgresql if db.engine.dialect.name == "postgresql" else sqlite).insert(table)


def empty_log() -> bool:
    """The worker's tick: writes SQLite's log into its file and empties it, where nobody reads just now.

    Pages in the log outlive what `secure_delete` wiped: a name that was withdrawn would stay readable there."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=100")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE}")
    return False


@event.listens_for(Engine, "connect")
def _open_sqlite(connection: Any, record: Any) -> None:
    if not isinstance(connection, SQLiteConnection):
        return
    connection.isolation_level = None  # the driver must not begin transactions of its own; see _lock_before_write
    connection.execute(f"PRAGMA busy_timeout={PATIENCE}")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "before_cursor_execute")
def _lock_before_write(
    connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    if connection.dialect.name != "sqlite" or statement.lstrip().upper().startswith(READS):
        return
    if not connection.connection.dbapi_connection.in_transaction:
        _queue_for_writing(connection.connection.info)
        cursor.execute("BEGIN IMMEDIATE")


def _queue_for_writing(record: dict[Any, Any]) -> None:
    """Threads of one process queue for SQLite's write lock: its own waiting is by chance and starves some for a second.

    Who has waited too long tries all the same: the lock that decides is the database's."""
    if not record.get("writing"):
        record["writing"] = _writing.acquire(timeout=PATIENCE / 1000)


@event.listens_for(Engine, "checkin")
def _let_the_next_write(connection: Any, record: Any) -> None:
    if record.info.pop("writing", False):
        _writing.release()
