"""Rows as JSON, the same for both databases: bytes as base64, moments as ISO 8601 in UTC; the column says which is which."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Connection, Date, DateTime, LargeBinary, MetaData, Table, text
from sqlalchemy.types import TypeEngine

VERSION_TABLE = "alembic_version"

Decoder = Callable[[Any], Any]


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


DECODERS: tuple[tuple[type[TypeEngine[Any]], Decoder], ...] = (
    (LargeBinary, b64decode),
    (DateTime, _moment),
    (Date, date.fromisoformat),
    (Boolean, bool),
)


def tables(connection: Connection) -> list[Table]:
    """The tables as they stand in the database, whatever this code's models say, parents first."""
    metadata = MetaData()
    metadata.reflect(connection)
    found = [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]
    for column in (column for table in found for column in table.columns):
        if isinstance(column.type, JSON):
            column.type.none_as_null = True  # an absent value comes back absent, not as JSON's null
    return found


def revision(connection: Connection) -> str | None:
    """The migration that the database stands at; None for one without a schema."""
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: name == VERSION_TABLE)
    if VERSION_TABLE not in metadata.tables:
        return None
    return connection.scalar(metadata.tables[VERSION_TABLE].select())


def encode(row: dict[str, Any]) -> bytes:
    """One line of JSON."""
    return json.dumps(row, default=_encode_value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _encode_value(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    if isinstance(value, datetime):  # SQLite keeps UTC without saying so
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def decoder(table: Table) -> Callable[[bytes], dict[str, Any]]:
    """What turns a line of this table back into a row."""
    decoders = {column.name: _decoder_of(column.type) for column in table.columns}

    def decode(line: bytes) -> dict[str, Any]:
        return {name: value if value is None else decoders[name](value) for name, value in json.loads(line).items()}

    return decode


def _decoder_of(kind: TypeEngine[Any]) -> Decoder:
    return next((decode for known, decode in DECODERS if isinstance(kind, known)), lambda value: value)


def read_sequences(connection: Connection) -> dict[str, int]:
    """Table → the highest id that it ever gave: ids of deleted rows are not given again."""
    if connection.dialect.name == "sqlite":
        return {name: last for name, last in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    return {
        table.name: last
        for table, sequence in _postgresql_sequences(connection)
        if (
            last := connection.scalar(
                text("SELECT pg_sequence_last_value(CAST(:name AS regclass))"), {"name": sequence}
            )
        )
    }


def write_sequences(connection: Connection, given: dict[str, int]) -> None:
    """Sets every sequence to what it was, or to the highest id where that is higher."""
    if connection.dialect.name == "sqlite":
        for name, last in given.items():
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
            connection.execute(
                text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), {"name": name, "last": last}
            )
        return
    for table, sequence in _postgresql_sequences(connection):
        highest = connection.scalar(text(f'SELECT max(id) FROM "{table.name}"')) or 0  # noqa: S608 - a reflected name
        last = max(highest, given.get(table.name, 0))
        values = {"name": sequence, "last": max(last, 1), "used": last > 0}
        connection.execute(text("SELECT setval(CAST(:name AS regclass), :last, :used)"), values)


def _postgresql_sequences(connection: Connection) -> Iterator[tuple[Table, str]]:
    ask = text("SELECT pg_get_serial_sequence(:name, 'id')")
    for table in tables(connection):
        if "id" in table.columns and (sequence := connection.scalar(ask, {"name": table.name})):
            yield table, sequence
