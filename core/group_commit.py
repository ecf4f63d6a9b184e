"""Group commit: what many requests write at the same moment shares one transaction (ADR 0008).

Whoever comes while a commit is under way waits for the next one, and the first of those commits for all of them. `add`
returns once its own is durable; nothing is acknowledged earlier, and no thread of its own is needed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Insert

from core.db import db

MOST = 200

T = TypeVar("T")


class NotCommitted(Exception):
    """The thread that was to commit this ended before it did."""


@dataclass
class _Waiting(Generic[T]):
    one: T
    leads: bool = False
    error: Exception | None = field(default_factory=NotCommitted)  # until it is committed
    told: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class GroupCommit(Generic[T]):
    """`commit` writes a list in one transaction, or raises and has written nothing; `most` share one."""

    commit: Callable[[list[T]], None]
    most: int = MOST
    _waiting: list[_Waiting[T]] = field(default_factory=list)
    _led: bool = False
    _gate: threading.Lock = field(default_factory=threading.Lock)

    def add(self, one: T) -> None:
        """Returns when it is committed. Raises what was raised for this one alone."""
        mine = _Waiting(one)
        mine.told.acquire()
        with self._gate:
            self._waiting.append(mine)
            mine.leads, self._led = not self._led, True
        if not mine.leads:
            mine.told.acquire()  # until a leader tells that it is committed, or that this thread leads now
        if mine.leads:
            self._lead(mine)
        if mine.error is not None:
            raise mine.error

    def _lead(self, mine: _Waiting[T]) -> None:
        """Commits what waits, its own among it, and hands on to the first of those who came meanwhile."""
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

    def _commit(self, group: list[_Waiting[T]]) -> None:
        error = self._write([waiting.one for waiting in group])
        for waiting in group:  # one's bad row is not the others' fault
            waiting.error = self._write([waiting.one]) if error and len(group) > 1 else error

    def _write(self, those: list[T]) -> Exception | None:
        try:
            self.commit(those)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
            return error
        return None


def inserting(statement: Insert) -> Callable[[list[dict[str, Any]]], None]:
    """Commits rows, by the names of their columns, with one INSERT."""

    def commit(rows: list[dict[str, Any]]) -> None:
        with db.engine.begin() as connection:
            connection.execute(statement, rows)

    return commit
