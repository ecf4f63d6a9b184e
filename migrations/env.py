"""Runs migrations on the app's own engine; both databases share them."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from core.db import Base, UTCDateTime


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | bool:
    """Our own time type is a plain aware DateTime in a migration."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:  # a table is rebuilt by dropping it, which would take the rows that name it along
            raw.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True,
            render_item=render_item, compare_type=True,
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
        if sqlite and (broken := raw.execute("PRAGMA foreign_key_check").fetchone()):
            raise RuntimeError(f"a row of {broken[0]} names a row that the migration took away")
        connection.commit()
        if sqlite:
            raw.execute("PRAGMA foreign_keys=ON")


run()
