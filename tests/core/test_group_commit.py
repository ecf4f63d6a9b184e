"""Rows of many requests in few commits, none acknowledged before it is durable."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import db
from core.group_commit import GroupCommit, NotCommitted, inserting
from core.jobs import Job


def row(name: str) -> dict:
    moment = clock.now()
    return {
        "public_id": name, "kind": "none", "args": {}, "state": "done", "priority": 0, "attempts": 0,
        "run_at": moment, "created_at": moment,
    }  # fmt: skip


def group() -> GroupCommit[Any]:
    return GroupCommit(inserting(insert(Job.__table__)))


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until


def stored(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Job))


def test_many_rows_at_once_share_commits_and_each_is_durable_when_it_returns(app: Flask) -> None:
    commits, shared = [], group()

    def count(connection) -> None:
        commits.append(connection)

    with app.app_context():
        event.listen(db.engine, "commit", count)

    def write(number: int) -> bool:
        with app.app_context():
            shared.add(row(f"r{number}"))
            with db.engine.connect() as another:
                return another.scalar(select(Job.id).where(Job.public_id == f"r{number}")) is not None

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(write, range(320)))
    with app.app_context():
        event.remove(db.engine, "commit", count)
    assert stored(app) == 320 and len(commits) < 320


def test_a_bad_row_is_told_to_its_owner_only(app: Flask) -> None:
    shared = group()

    def write(number: int) -> str:
        with app.app_context():
            try:
                shared.add(row("same" if number % 4 == 0 else f"r{number}"))
            except IntegrityError:
                return "refused"
            return "stored"

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(write, range(64)))
    assert told.count("refused") == 15 and {told[n] for n in range(64) if n % 4} == {"stored"}
    assert stored(app) == 49


def test_more_rows_than_one_group_takes_are_all_written(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.group_commit.MOST", 3)
    shared = group()

    def write(number: int) -> None:
        with app.app_context():
            shared.add(row(f"r{number}"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(100)))
    assert stored(app) == 100


def test_a_row_whose_leader_dies_before_the_commit_is_an_error_and_later_rows_go_on(app: Flask) -> None:
    shared, arrived, commits = group(), threading.Event(), []

    def second_dies(connection) -> None:
        commits.append(connection)
        if len(commits) == 1:
            arrived.wait(10)
        if len(commits) == 2:
            raise SystemExit  # no Exception: it ends the thread

    def write(name: str) -> BaseException | None:
        with app.app_context():
            try:
                return shared.add(row(name))
            except (NotCommitted, SystemExit) as error:
                return error

    with app.app_context():
        event.listen(db.engine, "commit", second_dies)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(write, "first")
        wait_until(lambda: commits)  # it holds the lead
        others = [pool.submit(write, "second"), pool.submit(write, "third")]
        wait_until(lambda: len(shared._waiting) == 2)
        arrived.set()
        assert first.result() is None
        assert {type(other.result()) for other in others} == {SystemExit, NotCommitted}
    assert write("fourth") is None
    with app.app_context():
        event.remove(db.engine, "commit", second_dies)
    assert stored(app) == 2


@pytest.mark.parametrize("most", [1, 3])
def test_no_transaction_holds_more_rows_than_it_may(app: Flask, most: int) -> None:
    shared, rows = GroupCommit(inserting(insert(Job.__table__)), most), []

    def count(connection, cursor, statement, parameters, context, executemany) -> None:
        if statement.startswith("INSERT"):
            rows.append(len(parameters) if executemany else 1)

    def write(number: int) -> None:
        with app.app_context():
            shared.add(row(f"r{number}"))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", count)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))
    with app.app_context():
        event.remove(db.engine, "before_cursor_execute", count)
    assert stored(app) == sum(rows) == 64 and max(rows) <= most
