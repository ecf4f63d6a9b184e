"""Group commit: rows of one table that many requests insert at the same moment share one transaction (ADR 0008).

Whoever comes while a commit is under way waits for the next one, and the first of those commits for all of them. An insert
returns once its row is durable; nothing is acknowledged earlier, and no thread of its own is needed."""

import threading
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Insert

from core.db import db

MOST_ROWS = 200

Row = dict[str, Any]


@dataclass
class _Waiting:
    row: Row
    done: bool = False
    error: Exception | None = None


@dataclass
class GroupCommit:
    """`statement` inserts one row by the names of its columns."""

    statement: Insert
    _waiting: list[_Waiting] = field(default_factory=list)
    _gate: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def insert(self, row: Row) -> None:
        """Returns when the row is committed. Raises what the database said of this row."""
        mine = _Waiting(row)
        with self._gate:
            self._waiting.append(mine)
        with self._turn:
            while not mine.done:
                self._commit(self._take())
        if mine.error is not None:
            raise mine.error

    def _take(self) -> list[_Waiting]:
        with self._gate:
            taken, self._waiting = self._waiting[:MOST_ROWS], self._waiting[MOST_ROWS:]
        return taken

    def _commit(self, group: list[_Waiting]) -> None:
        error = self._write([one.row for one in group])
        for one in group:
            one.error = (
                self._write([one.row]) if error and len(group) > 1 else error
            )  # one's bad row is not the others' fault
            one.done = True

    def _write(self, rows: list[Row]) -> Exception | None:
        try:
            with db.engine.begin() as connection:
                connection.execute(self.statement, rows)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the row
            return error
        return None
