"""Nothing opens a SQLite file beside SQLite in a process that is connected to it: to close it takes all locks of the process.

POSIX wants it so. Another process then cuts the shared index under our feet (SIGBUS), or our writes are lost.
Source: sqlite.org/howtocorrupt.html, 2.2. Watched by tests/conftest.py in every test; `files_with` there is how to look."""

import sys
from typing import Any

_connected: set[str] = set()


class LocksLost(AssertionError):
    """A SQLite file of this process was opened by hand."""


def watch() -> None:
    """From now on, and for good: there is no taking an audit hook back."""
    sys.addaudithook(_heed)


def _heed(event: str, args: tuple[Any, ...]) -> None:
    if event == "sqlite3.connect":
        _connected.add(str(args[0]))
    elif event == "open" and str(args[0]).removesuffix("-wal").removesuffix("-shm") in _connected:
        raise LocksLost(args[0])
