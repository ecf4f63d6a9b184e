"""Jobs that take minutes: left to a child of the worker, which ends with it and gives its job back."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask
from sqlalchemy import select, update

from core.db import db
from core.jobs import Job, enqueue
from core.slow_jobs import SLOW
from core.worker import Worker
from tests.conftest import BASE
from tests.processes.conftest import until

HERE = Path(__file__).parent.parent.parent
WORKER = """
import sys, time
from app import create_app
from core import slow_jobs
from core.jobs import Job
from flask.cli import ScriptInfo

def slowly(job: Job) -> None:
    while True:
        slow_jobs.heed()
        time.sleep(0.02)

slow_jobs.COMMAND[1:3] = [{path!r}]  # the child has these handlers, too
app = create_app()
app.extensions["jobs"].handlers = {{"slow": slowly, "quick": lambda job: None}}
command = "run-slow" if "run-slow" in sys.argv else "work"
app.cli.main(["jobs", command], obj=ScriptInfo(create_app=lambda: app))
"""


@pytest.fixture
def begin(app: Flask, tmp_path: Path) -> Iterator[Callable[[], psutil.Process]]:
    """Starts a worker of its own, whose slow job lasts until it is told to end."""
    settings, script = app.config["UNDERSIGNED"], tmp_path / "worker.py"
    script.write_text(WORKER.format(path=str(script)))
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), **BASE, "UNDERSIGNED_DATA": str(settings.data),
        "DATABASE_URL": settings.database_url,
    }  # fmt: skip
    made: list[psutil.Process] = []

    def start() -> psutil.Process:
        process = subprocess.Popen([sys.executable, str(script)], cwd=HERE, env=environment)
        made.append(psutil.Process(process.pid))
        return made[-1]

    yield start
    for process in made:
        if process.is_running():
            process.terminate()
            process.wait(20)


def job(app: Flask, kind: str) -> Job:
    with app.app_context():
        return db.session.scalars(select(Job).where(Job.kind == kind)).one()


def promise(app: Flask, kind: str, priority: int) -> None:
    with app.app_context():
        enqueue(kind, priority=priority)
        db.session.commit()


def child_of(worker: psutil.Process) -> psutil.Process | None:
    return next(iter(worker.children()), None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_slow_job_holds_nobody_up_and_is_given_back_when_its_worker_ends(
    app: Flask, begin: Callable[[], psutil.Process], number: int
) -> None:
    promise(app, "slow", SLOW)
    worker = begin()
    until(lambda: job(app, "slow").state == "running", "the child has taken it")
    child = child_of(worker)
    assert child is not None and "run-slow" in child.cmdline() and child.nice() == 10
    promise(app, "quick", 0)
    until(lambda: job(app, "quick").state == "done", "the worker goes on meanwhile")
    assert job(app, "slow").state == "running"
    worker.send_signal(number)
    _gone, alive = psutil.wait_procs([worker, child], timeout=20)
    assert not alive
    given_back = job(app, "slow")
    assert (given_back.state, given_back.attempts, given_back.lease_until) == ("queued", 0, None)


def test_the_workers_own_turn_leaves_slow_jobs_out_and_draining_runs_all(app: Flask) -> None:
    done: list[str] = []
    handlers = {"slow": lambda job: done.append("slow"), "quick": lambda job: done.append("quick")}
    with app.app_context():
        enqueue("slow", priority=SLOW)
        enqueue("quick")
        enqueue("quick")
        db.session.commit()
        worker = Worker(handlers, ())
        worker.work_once()
        worker.work_once()
        assert done == ["quick", "quick"]
        assert worker.drain() == 1 and done[-1] == "slow"


def test_what_a_killed_child_left_is_taken_up_by_the_next_child_only(app: Flask) -> None:
    done: list[str] = []
    with app.app_context():
        enqueue("slow", priority=SLOW)
        db.session.commit()
        db.session.execute(update(Job).values(state="running", attempts=1, lease_until=Job.run_at))
        db.session.commit()
        worker = Worker({"slow": lambda job: done.append("slow")}, ())
        worker.work_once()
        assert done == []
        worker.drain()
    assert done == ["slow"]
