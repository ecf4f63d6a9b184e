"""Work shared among processes: in order, errors come through, and no process is left, however it ends."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from flask import Flask
from sqlalchemy import select

from core.db import db
from core.hands import in_order
from core.jobs import Job, enqueue

HERE = Path(__file__).parents[2]
STUCK = """
import os, sys
from flask import Flask
from core.db import db
from core.hands import in_order

app = Flask("stuck")
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db.init_app(app)

def wait_for_ever(piece):
    os.write(1, f"{os.getpid()}\\n".encode())
    os.read(os.pipe()[0], 1)

with app.app_context():
    list(in_order(wait_for_ever, range(2), hands=2))
"""


def test_results_come_in_the_order_of_the_pieces_from_other_processes_with_sessions_of_their_own(app: Flask) -> None:
    with app.app_context():
        for number in range(9):
            enqueue(f"kind {number}")
        db.session.commit()
        ids = list(db.session.scalars(select(Job.id).order_by(Job.id)))
        db.session.connection()  # in the middle of something, and so it stays

        def look(job_id: int) -> tuple[str, int]:
            return db.session.scalar(select(Job.kind).where(Job.id == job_id)) or "", os.getpid()

        found = list(in_order(look, ids, hands=2))
        assert [kind for kind, _process in found] == [f"kind {number}" for number in range(9)]
        assert os.getpid() not in {process for _kind, process in found}
        assert db.session.scalar(select(Job.kind).where(Job.id == ids[0])) == "kind 0"
    assert multiprocessing.active_children() == []


def test_an_error_comes_through_and_a_few_pieces_only_are_taken_ahead(app: Flask) -> None:
    taken = []

    def pieces():  # type: ignore[no-untyped-def]
        for number in range(100):
            taken.append(number)
            yield number

    with app.app_context():
        results = in_order(lambda piece: 6 // (3 - piece), pieces(), hands=2)
        assert [next(results) for _ in range(3)] == [2, 3, 6]
        with pytest.raises(ZeroDivisionError):
            next(results)
    assert len(taken) < 10 and multiprocessing.active_children() == []


def test_nothing_runs_on_when_nobody_asks_for_more(app: Flask) -> None:
    with app.app_context():
        results = in_order(lambda piece: piece, iter(range(10**9)), hands=2)
        assert next(results) == 0
        results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
def test_none_outlives_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", STUCK], cwd=HERE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    stuck = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    parent.kill()
    parent.wait()
    _gone, alive = psutil.wait_procs(stuck, timeout=10)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    parent.stdout.close()
