"""The worker: runs the ticks (short standing work) and the jobs, until told to stop."""

import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from core import clock, mail_server, relay, slow_jobs
from core.db import db, trace
from core.jobs import Handler, Job, claim, claim_along, run
from core.jobs import run_pending as drain
from core.vault import SITE, ensure_scope

log = logging.getLogger(__name__)
IDLE = 0.2
SELDOM = 300.0  # seconds from one turn of a tick to the next
STRETCH = 0.5  # seconds in which jobs follow each other without a look at what has come in
jobs = AppGroup("jobs", help="Work that the site promised.")


@dataclass(frozen=True)
class Tick:
    """Standing work: `work()` commits what it does and tells whether it found anything to do."""

    work: Callable[[], bool]
    every: float


class Worker:
    def __init__(self, handlers: Mapping[str, Handler], ticks: tuple[Tick, ...]) -> None:
        self.handlers = handlers
        self.ticks = ticks
        self._next = dict.fromkeys(range(len(ticks)), 0.0)

    def work_once(self) -> bool:
        """Runs the ticks that are due and some jobs, until the next tick is; whether there was anything to do."""
        busy = self._run_due_ticks()
        until = self._next_tick()
        moment = clock.now()
        job = claim(moment, slow_jobs.QUICK, *relay.may_go(moment))
        busy = busy or job is not None
        while job is not None:
            job = run(job, self.handlers, lambda: _along(until))
        db.session.remove()
        if not busy:
            mail_server.hang_up()
        return busy

    def drain(self) -> int:
        """Runs ticks and jobs until nothing that is due is left; the number of jobs run.

        A tick that comes round seldom and has found nothing is not asked again."""
        count, turn = 0, list(self.ticks)
        while True:
            found = [tick for tick in turn if self._run(tick)]
            done = drain(self.handlers, relay.may_go)
            db.session.remove()
            if not found and not done:
                mail_server.hang_up()
                return count
            turn = [tick for tick in self.ticks if tick in found or tick.every < SELDOM]
            count += done

    def _run_due_ticks(self) -> bool:
        busy = False
        for number, tick in enumerate(self.ticks):
            if time.monotonic() >= self._next[number]:
                self._next[number] = time.monotonic() + tick.every
                busy = self._run(tick) or busy
        return busy

    def _next_tick(self) -> float:
        """Until when jobs may follow each other: those that tick all the time wait a moment, the others not at all."""
        due = [self._next[number] for number, tick in enumerate(self.ticks) if tick.every]
        return min([time.monotonic() + STRETCH, *due])

    def _run(self, tick: Tick) -> bool:
        try:
            return tick.work()
        except Exception as error:  # noqa: BLE001 - the next tick may do better
            db.session.rollback()
            log.error("tick %s failed\n%s", tick.work.__name__, trace(error))
            return False


def _along(until: float) -> Job | None:
    """The next job, claimed in the commit that ends the last: of a mail's three commits this saves one."""
    if time.monotonic() >= until:
        return None
    moment = clock.now()
    return claim_along(moment, slow_jobs.QUICK, *relay.may_go(moment))


@jobs.command("work")
def work() -> None:
    """Works until SIGTERM or Ctrl-C; the job at hand is finished first."""
    ensure_scope(SITE)
    told_to_stop: list[int] = []  # not an Event: setting one while its owner waits on it can lock up
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: told_to_stop.append(number))
    worker: Worker = current_app.extensions["jobs"]
    beside = slow_jobs.Beside()
    while not told_to_stop:
        try:
            beside.tend()
            busy = worker.work_once()
        except SQLAlchemyError as error:
            db.session.remove()
            log.error("the database is away; trying again\n%s", trace(error))
            busy = False
        if not busy:
            time.sleep(IDLE)
    beside.end()
    mail_server.hang_up()


@jobs.command("run-slow")
def run_slow() -> None:
    """Runs the jobs that take minutes, once, beside a worker that goes on; the worker starts this by itself."""
    worker: Worker = current_app.extensions["jobs"]
    slow_jobs.run_all(worker.handlers)


@jobs.command("run-pending")
def run_pending() -> None:
    """Drains what is due once, for cron and tests."""
    ensure_scope(SITE)
    worker: Worker = current_app.extensions["jobs"]
    print(f"{worker.drain()} jobs run")
