"""The audit chain: whatever is changed or taken away is found, and writers at once make one chain."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from core.audit import AuditEntry, AuditHead, find_break, record
from core.db import db
from tests.core.conftest import at_once


@pytest.fixture
def chain(app: Flask) -> Flask:
    """Five committed entries."""
    with app.app_context():
        for number in range(5):
            record("export", f"petition:{number}", actor="ada@example.org", rows=number, format="csv", note="Ұ")
        db.session.commit()
    return app


def first_break(app: Flask) -> int | None:
    with app.app_context():
        return find_break()


def entry_ids(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def test_a_chain_holds(chain: Flask) -> None:
    assert first_break(chain) is None
    assert len(entry_ids(chain)) == 5


def test_an_empty_chain_holds(app: Flask) -> None:
    assert first_break(app) is None


def test_an_act_that_was_rolled_back_leaves_no_entry_and_no_gap(chain: Flask) -> None:
    with chain.app_context():
        record("export", "petition:x", actor="ada@example.org")
        db.session.rollback()
        record("export", "petition:y", actor="ada@example.org")
        db.session.commit()
    assert first_break(chain) is None
    assert len(entry_ids(chain)) == 6


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": "eve@example.org"}, {"act": "other"}, {"subject": "petition:9"}, {"detail": {"rows": 9}},
        {"previous": bytes(31) + b"1"}, {"digest": bytes(31) + b"1"}, {"at": AuditEntry.at + timedelta(seconds=0)},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 2, 4])
def test_any_changed_column_is_found(chain: Flask, changed: dict, place: int) -> None:
    wanted = entry_ids(chain)[place]
    with chain.app_context():
        if "at" in changed:
            entry = db.session.get_one(AuditEntry, wanted)
            entry.at += timedelta(microseconds=1)
        else:
            db.session.execute(update(AuditEntry).where(AuditEntry.id == wanted).values(changed))
        db.session.commit()
    assert first_break(chain) == wanted


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_deleted_entry_is_found(chain: Flask, place: int) -> None:
    ids = entry_ids(chain)
    with chain.app_context():
        db.session.execute(delete(AuditEntry).where(AuditEntry.id == ids[place]))
        db.session.commit()
    assert first_break(chain) is not None


def test_two_entries_that_changed_places_are_found(chain: Flask) -> None:
    ids = entry_ids(chain)
    with chain.app_context():
        for old, new in ((ids[1], 1000), (ids[2], ids[1]), (1000, ids[2])):
            db.session.execute(update(AuditEntry).where(AuditEntry.id == old).values(id=new))
        db.session.commit()
    assert first_break(chain) is not None


def test_an_entry_that_nobody_recorded_is_found(chain: Flask) -> None:
    with chain.app_context():
        last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        values = {
            "at": last.at,
            "actor": "eve",
            "act": "x",
            "subject": "y",
            "detail": {},
            "previous": last.digest,
            "digest": b"2" * 32,
        }
        db.session.add(AuditEntry(**values))
        db.session.commit()
    assert first_break(chain) is not None


def test_a_chain_without_its_head_is_found(chain: Flask) -> None:
    with chain.app_context():
        db.session.execute(delete(AuditHead))
        db.session.commit()
    assert first_break(chain) is not None


def test_a_head_without_its_chain_is_found(chain: Flask) -> None:
    with chain.app_context():
        db.session.execute(delete(AuditEntry))
        db.session.commit()
    assert first_break(chain) is not None


def test_writers_at_once_make_one_chain(app: Flask) -> None:
    def write(number: int) -> None:
        for turn in range(3):
            record("export", f"{number}:{turn}", actor=f"organiser-{number}@example.org")
            db.session.commit()

    at_once(app, 20, write)
    assert first_break(app) is None
    with app.app_context():
        assert db.session.scalar(select(func.count(AuditEntry.previous.distinct()))) == 60
        assert db.session.scalar(select(AuditHead.entries)) == 60


def test_a_chain_cannot_fork(chain: Flask) -> None:
    ids = entry_ids(chain)
    with chain.app_context(), pytest.raises(IntegrityError, match=r"(?i)unique"):
        same = select(AuditEntry.previous).where(AuditEntry.id == ids[0]).scalar_subquery()
        db.session.execute(update(AuditEntry).where(AuditEntry.id == ids[1]).values(previous=same))
