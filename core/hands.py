"""Work shared among processes: pieces in, their results out in the same order, a few at a time.

The processes are forked, so that whatever the work needs is there and no key travels; each has a database session of its own
and ends with its parent, however that ends. For commands and the worker: a web server's threads would not survive the fork."""

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

from flask import Flask, current_app

from core.children import end_with_parent
from core.db import db

Piece = TypeVar("Piece")
Result = TypeVar("Result")
MOST = 4  # each holds the program's memory once more
_work: Callable[[Any], Any]  # of a forked process


def at_hand() -> int:
    """How many processes are worth while on this machine."""
    return min(os.cpu_count() or 1, MOST)


def in_order(work: Callable[[Piece], Result], pieces: Iterable[Piece], *, hands: int) -> Iterator[Result]:
    """work(piece) of each piece, done by so many processes; whoever stops asking stops them. Raises what `work` raises."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    fork = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(hands, fork, initializer=_begin, initargs=(app, work, os.getpid()))
    waiting: deque[Future[Result]] = deque()
    try:
        for piece in pieces:
            waiting.append(pool.submit(_do, piece))
            if len(waiting) > hands:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(app: Flask, work: Callable[[Any], Any], parent: int) -> None:
    global _work
    end_with_parent(parent, by=signal.SIGKILL)  # the handlers that came with the fork would only take note of SIGTERM
    gc.disable()  # it lives for one list: a collection would look through, and no longer share, what came with the fork
    _work = work
    app.app_context().push()  # a session of its own; the parent's stays as it is and where it is
    db.engine.dispose(close=False)


def _do(piece: Any) -> Any:
    try:
        return _work(piece)
    finally:
        db.session.remove()
