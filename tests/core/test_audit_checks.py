"""The audit chain walked by the worker: the page walks the rest, and what a whole walk found stands until the next."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update

from core import audit_checks, clock
from core.audit import AuditEntry, record
from core.audit_checks import AuditCheckpoint, Standing, check_all, standing
from core.db import db
from core.jobs import Job


@pytest.fixture
def chain(app: Flask):
    """Five entries, within an app context."""
    with app.app_context():
        write(5)
        yield


def write(many: int) -> None:
    for number in range(many):
        record("act", f"subject-{number}", actor="cli")
    db.session.commit()


def nth(number: int) -> int:
    """The id of the entry that was written as this one."""
    return db.session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()[number - 1]


def tamper(number: int) -> int:
    """Changes an entry; its id."""
    entry_id = nth(number)
    db.session.execute(text("UPDATE audit_entries SET actor = 'eve' WHERE id = :id"), {"id": entry_id})
    db.session.commit()
    return entry_id


def a_day_later() -> None:
    """The last walk was yesterday's."""
    db.session.execute(update(AuditCheckpoint).values(at=clock.now() - timedelta(days=1)))
    db.session.commit()


def walk(monkeypatch: pytest.MonkeyPatch, at_once: int = 0) -> AuditCheckpoint:
    with monkeypatch.context() as patch:
        patch.setattr(audit_checks, "AT_ONCE", at_once)
        check_all()
    db.session.expire_all()
    return db.session.get_one(AuditCheckpoint, 1)


def test_without_a_walk_the_whole_chain_is_looked_at(chain: None) -> None:
    assert standing() == Standing(None, None)
    changed = tamper(1)
    assert standing() == Standing(changed, None)


def test_after_a_walk_only_the_rest_is_looked_at(chain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    walked = walk(monkeypatch)
    assert (walked.entry_id, walked.entries, walked.broken_at) == (nth(5), 5, None)
    write(2)
    assert standing() == Standing(None, walked.at)
    changed = tamper(7)
    assert standing() == Standing(changed, walked.at)


def test_what_was_changed_before_the_walk_is_found_by_the_next_day_s(
    chain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk(monkeypatch)
    changed = tamper(2)
    assert check_all() is False and standing().broken_at is None  # once a day
    a_day_later()
    check_all()
    db.session.expire_all()
    assert standing().broken_at == changed
    kinds = [job.args["kind"] for job in db.session.scalars(select(Job).where(Job.kind == "alarm"))]
    assert kinds == ["audit-broken"]


def test_more_than_a_page_can_walk_waits_for_the_worker(chain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_checks, "AT_ONCE", 3)
    assert standing() == Standing(None, None, 5)
    check_all()
    write(4)
    assert standing().unwalked == 4
    check_all()
    assert standing().unwalked == 0 and standing().broken_at is None


def test_an_entry_that_went_after_the_walk_is_missed(chain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    walk(monkeypatch)
    write(2)
    db.session.execute(delete(AuditEntry).where(AuditEntry.id == nth(7)))
    db.session.commit()
    assert standing().broken_at is not None


def test_an_idle_worker_walks_nothing(app: Flask) -> None:
    with app.app_context():
        check_all()
        assert db.session.scalar(select(func.count()).select_from(AuditCheckpoint)) == 0
        write(1)
        check_all()  # few enough for the page
        assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 1
        assert db.session.scalar(select(func.count()).select_from(AuditCheckpoint)) == 0
