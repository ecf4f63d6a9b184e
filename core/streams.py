"""Long lists out of the database, row by row in constant memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select

from core.db import db

if TYPE_CHECKING:
    from psycopg import Connection  # a site on SQLite never loads it

READ_AT_ONCE = 500


def stream(query: "Select[*tuple[Any, ...]]") -> Iterator[Any]:
    """The rows of a query as they stand committed; on PostgreSQL by COPY, which sends on while Python works."""
    if db.engine.dialect.name == "postgresql":
        return _copied(query)
    return iter(db.session.execute(query.execution_options(yield_per=READ_AT_ONCE)))


def _copied(query: "Select[*tuple[Any, ...]]") -> Iterator[Any]:
    """On a connection of its own: the session's stays free for what opening a row needs, say its key."""
    dialect = db.engine.dialect
    kinds = [column.type for column in query.selected_columns]
    processors = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in kinds]
    wanted = [(place, convert) for place, convert in enumerate(processors) if convert]
    written = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})  # COPY takes no parameters
    command = f"COPY ({written}) TO STDOUT (FORMAT BINARY)".encode()
    with db.engine.connect() as own:
        driver: Connection = own.connection.driver_connection  # type: ignore[assignment]
        with driver.cursor() as cursor, cursor.copy(command, ()) as copy:  # () undoubles each %
            copy.set_types([kind.compile(dialect).partition("(")[0].lower() for kind in kinds])
            for row in copy.rows():
                values = list(row)
                for place, convert in wanted:
                    values[place] = convert(values[place])
                yield values
