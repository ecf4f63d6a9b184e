"""What every request needs and that changes seldom: read at most once a second a process, on a connection of its own."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

from core.db import db

LIFE = 1.0  # seconds
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_all: list["Remembered"] = []  # type: ignore[type-arg]


class Remembered(Generic[Key, Value]):
    """`read` gives the value of a key; while one thread reads it again, the others go on with the old one."""

    def __init__(self, read: Callable[[Connection, Key], Value]) -> None:
        self.read = read
        self._kept: dict[tuple[Engine, Key], tuple[float, Value]] = {}
        _all.append(self)

    def get(self, key: Key) -> Value:
        """The value as it stood at most a second ago."""
        place = (db.engine, key)
        kept = self._kept.get(place)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        if kept is not None:
            self._kept[place] = (time.monotonic() + LIFE, kept[1])
        with db.engine.connect() as connection:
            value = self.read(connection, key)
        self._kept[place] = (time.monotonic() + LIFE, value)
        return value

    def forget(self) -> None:
        self._kept.clear()


def forget_all() -> None:
    """Drops what this process remembers."""
    for remembered in _all:
        remembered.forget()
