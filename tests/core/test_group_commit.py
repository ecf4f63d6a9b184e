"""Rows of many requests in few commits, none acknowledged before it is durable."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import db
from core.group_commit import GroupCommit
from core.jobs import Job


def row(name: str) -> dict:
    moment = clock.now()
    return {
        "public_id": name, "kind": "none", "args": {}, "state": "done", "priority": 0, "attempts": 0,
        "run_at": moment, "created_at": moment,
    }  # fmt: skip


def group() -> GroupCommit:
    return GroupCommit(insert(Job.__table__))


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
            shared.insert(row(f"r{number}"))
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
                shared.insert(row("same" if number % 4 == 0 else f"r{number}"))
            except IntegrityError:
                return "refused"
            return "stored"

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(write, range(64)))
    assert told.count("refused") == 15 and {told[n] for n in range(64) if n % 4} == {"stored"}
    assert stored(app) == 49


def test_more_rows_than_one_group_takes_are_all_written(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.group_commit.MOST_ROWS", 3)
    shared = group()

    def write(number: int) -> None:
        with app.app_context():
            shared.insert(row(f"r{number}"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(100)))
    assert stored(app) == 100
