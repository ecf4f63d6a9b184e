"""Waiting for another's server no longer than so long, whatever it does."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

Found = TypeVar("Found")


def within(seconds: float, work: Callable[[], Found]) -> Found:
    """What the work gives or raises, done in a thread of its own. Raises TimeoutError where it takes longer.

    A client's time limits are for each step alone: they find no end where an answer drips, or a name is looked up. The thread
    that nobody waits for any more ends when the other side does."""
    outcome: Future[Found] = Future()
    context = copy_context()

    def run() -> None:
        try:
            outcome.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits
            outcome.set_exception(error)

    threading.Thread(target=run, name="patience", daemon=True).start()
    return outcome.result(timeout=seconds)
