"""The database handle: aware moments, and writers on SQLite that wait for each other instead of failing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.exc import StatementError

from core.db import db, insert
from core.jobs import Job, enqueue
from tests.conftest import do_not_wait_for_the_disk
from tests.core.conftest import at_once


def test_a_moment_comes_back_as_the_same_utc_moment(app: Flask) -> None:
    moment = datetime(2010, 5, 6, 18, 0, 0, 123456, tzinfo=timezone(timedelta(hours=6)))
    with app.app_context():
        enqueue("x")
        db.session.execute(db.update(Job).values(lease_until=moment))
        db.session.commit()
    with app.app_context():
        kept = db.session.scalar(select(Job.lease_until))
        assert kept == moment
        assert kept.tzinfo is UTC


def test_a_naive_moment_is_an_error(app: Flask) -> None:
    with app.app_context(), pytest.raises(StatementError, match="naive datetime"):
        db.session.scalar(select(Job).where(Job.run_at < datetime(2010, 5, 6)))


def test_a_conflict_changes_nothing_and_raises_nothing(app: Flask) -> None:
    with app.app_context():
        enqueue("x", key="one")
        row = {
            column.name: getattr(db.session.scalars(select(Job)).one(), column.name) for column in Job.__table__.columns
        }
        db.session.execute(insert(Job).values({**row, "kind": "y"}).on_conflict_do_nothing())
        db.session.commit()
        assert db.session.execute(select(Job.kind)).all() == [("x",)]


def test_writers_that_read_first_never_meet_a_locked_database(app: Flask) -> None:
    def read_then_write(number: int) -> None:
        for _ in range(5):
            db.session.scalar(select(func.count()).select_from(Job))
            enqueue("x")
            db.session.scalar(select(func.count()).select_from(Job))
            db.session.commit()

    at_once(app, 8, read_then_write)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Job)) == 40


def test_an_uncommitted_write_is_seen_by_nobody_else(app: Flask) -> None:
    with app.app_context():
        enqueue("x")
        with db.engine.connect() as other:
            assert other.scalar(select(func.count()).select_from(Job)) == 0
        db.session.commit()
        with db.engine.connect() as other:
            assert other.scalar(select(func.count()).select_from(Job)) == 1


def test_foreign_keys_hold(app: Flask) -> None:
    with app.app_context(), pytest.raises(Exception, match=r"(?i)foreign key"):
        db.session.execute(
            text("INSERT INTO data_keys (id, key_id, sealed, created_at) VALUES ('a', 'nobody', '', '2010-05-06')")
        )


@contextmanager
def as_outside_the_tests() -> Iterator[None]:
    """Connections as the product opens them, which wait for the disk."""
    event.remove(Engine, "connect", do_not_wait_for_the_disk)
    db.engine.dispose()
    try:
        yield
    finally:
        event.listen(Engine, "connect", do_not_wait_for_the_disk)
        db.engine.dispose()


def test_sqlite_survives_a_power_cut_and_forgets_what_was_deleted(apps: dict[str, Flask]) -> None:
    with apps["sqlite"].app_context(), as_outside_the_tests(), db.engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
