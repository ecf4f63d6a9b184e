"""Jobs: promised in a transaction, done at least once, their effects and their end in one commit."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from threading import Thread

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from core import clock
from core.alarms import sound
from core.audit import AuditEntry, record
from core.db import db
from core.jobs import (
    ATTEMPTS,
    LEASE,
    NORMAL,
    SLOWEST_RETRY,
    URGENT,
    Job,
    claim,
    empty_dead,
    enqueue,
    run,
    run_pending,
)
from core.leases import renew_all
from core.vault import SITE, VaultError, vault
from tests.core.conftest import at_once


def promise(app: Flask, *kinds: str, **options) -> None:
    with app.app_context():
        for kind in kinds:
            enqueue(kind, **options)
        db.session.commit()


def only_job(app: Flask) -> Job:
    """The one job, from a fresh session; the alarm that a dead one sounds is not it."""
    with app.app_context():
        return db.session.scalars(select(Job).where(Job.kind != "alarm")).one()


def alarms(app: Flask) -> list[dict]:
    with app.app_context():
        return list(db.session.scalars(select(Job.args).where(Job.kind == "alarm")))


def write(job: Job) -> None:
    """A handler with an effect in the database."""
    record("wrote", str(job.id), actor="test")


def written(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def fail(job: Job) -> None:
    raise ValueError("ada@example.org did this")


def test_a_promise_ends_with_its_transaction(app: Flask) -> None:
    with app.app_context():
        enqueue("write")
        db.session.rollback()
        assert run_pending({"write": write}) == 0
    assert written(app) == 0


def test_a_key_is_promised_once(app: Flask) -> None:
    promise(app, "write", "write", key="once")
    promise(app, "write", key="once")
    promise(app, "write", "write")  # without a key each is its own
    with app.app_context():
        assert run_pending({"write": write}) == 3
    promise(app, "write", key="once")  # also after it was done
    with app.app_context():
        assert run_pending({"write": write}) == 0


def test_a_key_is_promised_once_by_many_at_once(app: Flask) -> None:
    def enqueue_and_commit(number: int) -> None:
        enqueue("write", {"number": number}, key="once")
        db.session.commit()

    at_once(app, 8, enqueue_and_commit)
    assert only_job(app).key == "once"


def test_each_job_is_claimed_by_one_of_many_workers(app: Flask) -> None:
    promise(app, *["write"] * 60)
    done: list[int] = []
    lock = threading.Lock()

    def handle(job: Job) -> None:
        with lock:
            done.append(job.id)
        write(job)

    counts = at_once(app, 8, lambda number: run_pending({"write": handle}))
    assert sum(counts) == 60
    assert set(Counter(done).values()) == {1}
    assert written(app) == 60
    with app.app_context():
        assert set(db.session.execute(select(Job.state, Job.attempts))) == {("done", 1)}


def test_urgent_jobs_come_first_and_equal_ones_in_order(app: Flask) -> None:
    for kind, priority in (("c", NORMAL), ("e", NORMAL + 1), ("a", URGENT), ("d", NORMAL), ("b", URGENT)):
        promise(app, kind, priority=priority)
    seen: list[str] = []
    with app.app_context():
        run_pending({kind: lambda job: seen.append(job.kind) for kind in "abcde"})
    assert "".join(seen) == "abcde"


def test_a_job_waits_for_its_time(app: Flask) -> None:
    promise(app, "write", after=timedelta(hours=1))
    with app.app_context():
        assert claim(clock.now()) is None
        assert claim(clock.now() + timedelta(hours=1, seconds=1)) is not None


def test_a_job_whose_worker_was_killed_is_taken_over_after_its_lease(app: Flask) -> None:
    promise(app, "write")
    moment = clock.now()
    with app.app_context():
        assert claim(moment) is not None  # and then the worker is killed
        assert claim(moment + LEASE - timedelta(seconds=1)) is None
        again = claim(moment + LEASE)
        assert again is not None
        run(again, {"write": write})
    assert (only_job(app).state, only_job(app).attempts) == ("done", 2)
    assert written(app) == 1


def test_a_job_that_takes_longer_than_its_lease_is_taken_over_by_nobody(app: Flask) -> None:
    promise(app, "long")
    began, others = clock.now(), []

    def look_for_it(moment: datetime) -> None:
        with app.app_context():
            others.append(claim(moment))

    def take_long(job: Job) -> None:
        with time_machine.travel(began + LEASE - timedelta(seconds=10), tick=False):
            renew_all()
        late = Thread(target=look_for_it, args=(began + LEASE + timedelta(seconds=10),))
        late.start()
        late.join()
        write(job)

    with app.app_context():
        assert run_pending({"long": take_long}) == 1
        renew_all()  # of what is done nothing is prolonged
    assert others == [None]
    assert (only_job(app).state, only_job(app).attempts, only_job(app).lease_until) == ("done", 1, None)
    assert written(app) == 1


def test_what_a_dead_job_holds_of_a_person_goes_after_21_days(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        enqueue("fail", sealed={"to": "ada@example.org"})
        db.session.execute(update(Job).values(attempts=ATTEMPTS - 1))
        db.session.commit()
        run_pending({"fail": fail, "alarm": write})
    assert (only_job(app).state, only_job(app).blob is None) == ("dead", False)
    for days, empty in ((20, False), (22, True)):
        with app.app_context(), time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            assert empty_dead() is empty
        assert (only_job(app).state, only_job(app).blob is None) == ("dead", empty)


@pytest.mark.parametrize("handler", [write, fail])
def test_a_worker_that_lost_its_lease_leaves_no_effect_and_no_end(app: Flask, handler) -> None:
    promise(app, "act")
    moment = clock.now()
    with app.app_context():
        slow = claim(moment)
        assert slow is not None
        claim(moment + LEASE)
        run(slow, {"act": handler})
    job = only_job(app)
    assert (job.state, job.attempts, job.last_error) == ("running", 2, None)
    assert written(app) == 0


def test_an_effect_and_its_end_are_one_commit(app: Flask) -> None:
    promise(app, "write")

    def write_and_fail(job: Job) -> None:
        write(job)
        raise RuntimeError

    with app.app_context():
        run_pending({"write": write_and_fail})
    assert (written(app), only_job(app).state) == (0, "queued")


def test_a_failing_job_is_put_off_longer_each_time_and_ends_dead(app: Flask) -> None:
    promise(app, "fail")
    delays = []
    with time_machine.travel(clock.now(), tick=False) as now:
        for attempt in range(1, ATTEMPTS + 1):
            with app.app_context():
                assert run_pending({"fail": fail, "alarm": write}) >= 1
            job = only_job(app)
            assert job.attempts == attempt
            if job.state == "queued":
                delays.append((job.run_at - clock.now()).total_seconds())
                now.move_to(job.run_at)
        now.shift(timedelta(days=30))
        with app.app_context():
            assert run_pending({"fail": fail}) == 0
    assert only_job(app).state == "dead"
    assert alarms(app) == [{"kind": "job-dead", "detail": {"job": "fail"}}]
    assert only_job(app).finished_at is not None
    assert len(delays) == ATTEMPTS - 1
    for attempt, delay in enumerate(delays, start=1):
        wanted = min(2.0**attempt, SLOWEST_RETRY.total_seconds())
        assert 0.75 * wanted <= delay <= 1.25 * wanted


def test_a_job_that_kills_its_workers_ends_dead(app: Flask) -> None:
    promise(app, "write")
    moment = clock.now()
    with app.app_context():
        for number in range(ATTEMPTS):
            assert claim(moment + number * LEASE) is not None  # and then the worker is killed
        last = claim(moment + ATTEMPTS * LEASE)
        assert last is not None
        run(last, {"write": write})
    assert (only_job(app).state, only_job(app).last_error) == ("dead", "WorkerKilled")
    assert written(app) == 0


def test_what_failed_is_told_without_its_text(app: Flask) -> None:
    promise(app, "fail")
    with app.app_context():
        run_pending({"fail": fail})
    assert only_job(app).last_error == "ValueError"


def test_a_kind_that_this_code_does_not_know_is_kept(app: Flask) -> None:
    promise(app, "of tomorrow")
    with app.app_context():
        assert run_pending({}) == 1
    job = only_job(app)
    assert (job.state, job.last_error) == ("queued", "KeyError")
    with app.app_context(), time_machine.travel(job.run_at, tick=False):
        assert run_pending({"of tomorrow": write}) == 1
    assert only_job(app).state == "done"


def test_sealed_arguments_are_read_by_the_handler_and_gone_when_done(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        enqueue("read", {"open": 1}, sealed={"to": "ada@example.org"})
        db.session.commit()
        row = db.session.scalars(select(Job)).one()
        assert row.blob is not None
        assert b"example" not in row.blob
        assert "example" not in str(row.args)
    seen = []
    with app.app_context():
        run_pending({"read": lambda job: seen.append((job.args, job.sealed()))})
    assert seen == [({"open": 1}, {"to": "ada@example.org"})]
    assert (only_job(app).state, only_job(app).blob) == ("done", None)


def test_sealed_arguments_need_a_prepared_vault(app: Flask) -> None:
    with app.app_context(), pytest.raises(VaultError):
        enqueue("read", sealed={"to": "ada@example.org"})


def test_sealed_arguments_open_for_their_own_job_only(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        enqueue("one", sealed={"to": "ada@example.org"})
        enqueue("two", sealed={"to": "bob@example.org"})
        one, two = db.session.scalars(select(Job).order_by(Job.id))
        one.blob, two.blob = two.blob, one.blob
        with pytest.raises(VaultError):
            one.sealed()
        db.session.rollback()


def test_an_alarm_sounds_once_a_key(app: Flask) -> None:
    with app.app_context():
        for key in ("a", "a", "b"):
            sound("drift", key, petition=1)
        db.session.commit()
        jobs = db.session.scalars(select(Job).order_by(Job.id)).all()
        assert [job.key for job in jobs] == ["alarm:drift:a", "alarm:drift:b"]
        assert {job.priority for job in jobs} == {URGENT}
