"""The worker: ticks and jobs until nothing is due; a tick that fails stops nothing."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from core import clock
from core import worker as worker_module
from core.audit import AuditEntry, record
from core.db import db
from core.jobs import Job, claim, claim_along, enqueue, run
from core.worker import Tick, Worker


def job_states(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            state: count for state, count in db.session.execute(select(Job.state, func.count()).group_by(Job.state))
        }


def test_draining_runs_what_jobs_promise_while_it_runs(app: Flask) -> None:
    def chain(job: Job) -> None:
        if job.args["left"]:
            enqueue("chain", {"left": job.args["left"] - 1})

    with app.app_context():
        enqueue("chain", {"left": 3})
        db.session.commit()
        assert Worker({"chain": chain}, ()).drain() == 4
    assert job_states(app) == {"done": 4}


def test_draining_goes_on_until_the_ticks_find_nothing_more(app: Flask) -> None:
    left = [3]

    def find() -> bool:
        if not left[0]:
            return False
        left[0] -= 1
        enqueue("found")
        db.session.commit()
        return True

    with app.app_context():
        assert Worker({"found": lambda job: None}, (Tick(find, every=3600),)).drain() == 3
    assert job_states(app) == {"done": 3}


def test_a_failing_tick_leaves_nothing_and_stops_nothing(app: Flask, caplog) -> None:
    def write_and_fail() -> bool:
        record("half", "done", actor="test")
        raise RuntimeError

    with app.app_context():
        enqueue("job")
        db.session.commit()
        assert Worker({"job": lambda job: None}, (Tick(write_and_fail, every=0),)).drain() == 1
        assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0
    assert "write_and_fail failed" in caplog.text


def test_working_once_tells_whether_there_was_work_and_keeps_the_ticks_pace(app: Flask) -> None:
    ticked: list[int] = []

    def tick() -> bool:
        ticked.append(1)
        return False

    with app.app_context():
        enqueue("job")
        db.session.commit()
        worker = Worker({"job": lambda job: None}, (Tick(tick, every=3600),))
        assert [worker.work_once(), worker.work_once()] == [True, False]
    assert len(ticked) == 1


def test_the_command_drains_the_apps_own_jobs(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["jobs", "run-pending"])
    assert result.exit_code == 0
    assert "jobs run" in result.output


@pytest.mark.parametrize(("stretch", "every", "turns"), [(60.0, 3600, 1), (0.0, 3600, 4), (60.0, 1e-9, 4)])
def test_jobs_follow_each_other_for_a_moment_unless_a_tick_is_due(
    app: Flask, monkeypatch: pytest.MonkeyPatch, stretch: float, every: float, turns: int
) -> None:
    monkeypatch.setattr(worker_module, "STRETCH", stretch)
    with app.app_context():
        for _number in range(4):
            enqueue("job")
        db.session.commit()
        worker = Worker({"job": lambda job: None}, (Tick(lambda: False, every=every),))
        assert [worker.work_once() for _turn in range(turns)] == [True] * turns
    assert job_states(app) == {"done": 4}


def test_a_job_that_failed_gives_back_what_was_claimed_along(app: Flask) -> None:
    claimed: list[int] = []

    def along() -> Job | None:
        following = claim_along(clock.now())
        claimed.append(following.id if following else 0)
        raise ConnectionError

    with app.app_context():
        enqueue("job")
        enqueue("job")
        db.session.commit()
        first = claim(clock.now())
        assert first is not None and run(first, {"job": lambda job: None}, along) is None
    assert claimed == [first.id + 1] and job_states(app) == {"queued": 2}
