"""Jobs that take minutes: a child of the worker runs them, so that nobody's mail waits behind one.

A job is slow by its priority. The worker's own claim leaves those out; `jobs run-pending` runs all alike."""

import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from core import clock
from core.children import end_with_parent
from core.db import db
from core.jobs import Handler, Job, NotNow, claim, run

log = logging.getLogger(__name__)
SLOW = 1000  # the priority of a job that takes minutes
QUICK = Job.priority < SLOW
COMMAND = [sys.executable, "-m", "flask", "--app", "app", "jobs", "run-slow"]
HOME = Path(__file__).parent.parent
LOOK, AFTER_A_DEATH = 1.0, 30.0  # seconds until it is looked again whether there is something to do
GRACE = 5.0  # seconds to end in; the supervisor's patience is longer
NICE = 10
_told_to_stop: list[int] = []


class Stopping(NotNow):
    """This process has been told to end: the job is put back for the next one to begin."""

    after = timedelta(0)


def heed() -> None:
    """To be called about every second by whatever takes long. Raises Stopping."""
    if _told_to_stop:
        raise Stopping


def run_all(handlers: Mapping[str, Handler]) -> None:
    """Runs the slow jobs that are due until there is none, or until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda number, frame: _told_to_stop.append(number))
    gc.freeze()  # the program never goes: looking through it for rubbish took a third of a log's first append
    while not _told_to_stop and (job := claim(clock.now(), Job.priority == SLOW)) is not None:
        run(job, handlers)
        db.session.remove()


class Beside:
    """The worker's side: starts the child when something is due, and ends it with the worker."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self._next = 0.0

    def tend(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK
        if self.child is not None and not self._bury(self.child):
            return
        if self.child is None and _any_due(clock.now()):
            self.child = _start()

    def end(self) -> None:
        if self.child is not None:
            self.child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(GRACE)
            _kill(self.child)

    def _bury(self, child: subprocess.Popen[bytes]) -> bool:
        """Whether it has ended well; what it had started goes with it."""
        if child.poll() is None:
            return False
        _kill(child)
        self.child = None
        if child.returncode:
            log.error("the process of the slow jobs ended with %s", child.returncode)
            self._next = time.monotonic() + AFTER_A_DEATH
            return False
        return True


def _any_due(moment: datetime) -> bool:
    queued = (Job.state == "queued", Job.run_at <= moment)
    left = (Job.state == "running", Job.lease_until <= moment)
    due = [select(Job.id).where(*state, Job.priority == SLOW).limit(1) for state in (queued, left)]
    try:
        return any(db.session.scalar(query) is not None for query in due)
    finally:
        db.session.remove()


def _start() -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def in_the_child() -> None:
        end_with_parent(parent)
        os.nice(NICE)

    return subprocess.Popen(COMMAND, cwd=HOME, start_new_session=True, preexec_fn=in_the_child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
