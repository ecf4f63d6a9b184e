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


class NotCommitted(Exception):
    """The thread that was to commit this row ended before it did."""


@dataclass
class _Waiting:
    row: Row
    leads: bool = False
    error: Exception | None = field(default_factory=NotCommitted)  # until its row is committed
    told: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class GroupCommit:
    """`statement` inserts one row by the names of its columns; `most` rows share a transaction."""

    statement: Insert
    most: int = MOST_ROWS
    _waiting: list[_Waiting] = field(default_factory=list)
    _led: bool = False
    _gate: threading.Lock = field(default_factory=threading.Lock)

    def insert(self, row: Row) -> None:
        """Returns when the row is committed. Raises what the database said of this row."""
        mine = _Waiting(row)
        mine.told.acquire()
        with self._gate:
            self._waiting.append(mine)
            mine.leads, self._led = not self._led, True
        if not mine.leads:
            mine.told.acquire()  # until a leader tells that the row is committed, or that this thread leads now
        if mine.leads:
            self._lead(mine)
        if mine.error is not None:
            raise mine.error

    def _lead(self, mine: _Waiting) -> None:
        """Commits what waits, its own row among it, and hands on to the first of those who came meanwhile."""
        with self._gate:
            group, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
        try:
            self._commit(group)
        finally:
            with self._gate:
                heir = self._waiting[0] if self._waiting else None
                self._led = heir is not None
            for one in (*group, heir):
                if one is not None and one is not mine:
                    one.leads = one is heir
                    one.told.release()

    def _commit(self, group: list[_Waiting]) -> None:
        error = self._write([one.row for one in group])
        for one in group:  # one's bad row is not the others' fault
            one.error = self._write([one.row]) if error and len(group) > 1 else error

    def _write(self, rows: list[Row]) -> Exception | None:
        try:
            with db.engine.begin() as connection:
                connection.execute(self.statement, rows)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the row
            return error
        return None
