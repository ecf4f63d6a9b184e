"""Writes that wait for their likes: in a bundle each statement goes to the database once, with all its rows.

For a transaction that does the same for many (a crowd of webhooks); outside of a bundle `write` executes at once. What
waits is sent before the next query and at the end, so that nobody reads past it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from core.db import db

WAITING = "bundle"

Row = dict[str, Any]


@contextmanager
def bundled() -> Iterator[None]:
    """Inside the block `write` collects."""
    info = db.session().info
    info[WAITING] = {}
    try:
        yield
        _send(db.session())
    finally:
        del info[WAITING]


def write(statement: Any, row: Row) -> None:
    """Executes a statement for a row, now or with its likes: of one statement object every row has the same columns."""
    waiting: dict[Any, list[Row]] | None = db.session().info.get(WAITING)
    if waiting is None:
        db.session.execute(statement, row)
    else:
        waiting.setdefault(statement, []).append(row)


def _send(session: Session) -> None:
    waiting = session.info[WAITING]
    session.info[WAITING] = {}
    for statement, rows in waiting.items():
        session.execute(statement, rows)


@event.listens_for(Session, "do_orm_execute")
def _send_before_reading(state: ORMExecuteState) -> None:
    if state.is_select and state.session.info.get(WAITING):
        _send(state.session)
