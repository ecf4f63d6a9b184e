"""Migrations and models agree on both databases, and every step goes up and down with rows in it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import MetaData, func, inspect, select, text

from cases import safety
from cases.models import Case
from core import audit
from core.db import Base, db
from core.health import newest_revision, schema_revision
from core.money import Money
from core.vault import SITE, ensure_scope, vault
from donations.models import Frequency
from operations import rows
from tests.conftest import MIGRATIONS
from tests.donations.conftest import intend
from tests.operations.conftest import Elsewhere
from tests.operations.conftest import elsewhere as elsewhere
from tests.operations.test_backup import NEXT_STEP
from tests.petitions.conftest import make_campaign

MADE_OF = {"petition_versions": "petitions"}  # a row of the new table for each row of the old one


def differences(app: Flask) -> list[Any]:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))


def test_models_and_migrations_agree(app: Flask) -> None:
    assert differences(app) == []


def test_a_model_that_no_migration_knows_is_noticed(app: Flask) -> None:
    """The comparison itself can fail."""
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, MetaData()) != []


def test_checks_and_partial_indexes_are_in_the_database(app: Flask) -> None:
    """What the comparison does not look at: CHECKs by name, and that partial indexes are partial."""
    with app.app_context():
        found = inspect(db.engine)
        for table in Base.metadata.sorted_tables:
            wanted = {str(check.name) for check in table.constraints if check.__visit_name__ == "check_constraint"}
            there = {str(check["name"]) for check in found.get_check_constraints(table.name)}
            assert wanted <= there, f"{table.name} lacks {wanted - there}"
            partial = {index["name"] for index in found.get_indexes(table.name) if _is_partial(index)}
            assert partial == {
                index.name for index in table.indexes if _is_partial({"dialect_options": index.dialect_kwargs})
            }


def _is_partial(index: Any) -> bool:
    return index["dialect_options"].get(f"{db.engine.dialect.name}_where") is not None


def counts() -> dict[str, int]:
    """Rows of each table that there is, whatever the models say, but for sums that a thread of its own writes (ADR 0029)."""
    with db.engine.connect() as connection:
        found = [table for table in rows.tables(connection) if table.name != "page_counts"]
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in found}


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_every_step_goes_down_and_up_again_with_rows_in_it(elsewhere: Elsewhere, target: str) -> None:
    """From the newest down: each step down, up, down again; a table that a step keeps has kept its rows."""
    app = elsewhere(target)
    folder = str(MIGRATIONS)
    with app.app_context():
        upgrade(folder)
        ensure_scope(SITE)
        campaign = make_campaign(app)
    campaign.signed("ada@example.org")
    campaign.press(campaign.signed("bob@example.org").links["disown"])
    with app.app_context():
        audit.record("petition.closed", "petition-1", actor="cli")
        vault().prepare(SITE)
        intend(None, Money(2500, "EUR"), Frequency.ONCE)
        db.session.commit()
        filled = counts()
        assert sum(1 for count in filled.values() if count) > 10
        for step in ScriptDirectory(folder).walk_revisions():
            below = step.down_revision or "base"
            for move, revision in ((downgrade, below), (upgrade, step.revision), (downgrade, below)):
                db.session.remove()
                move(folder, revision=str(revision))
                kept = counts()
                if move is downgrade:  # a step's own tables take their rows with them
                    filled = {name: count for name, count in filled.items() if name in kept}
                if below != "base":
                    assert kept == {name: filled.get(name, filled.get(MADE_OF.get(name, ""), 0)) for name in kept}
        assert counts() == {}
        upgrade(folder)
        assert schema_revision() == newest_revision()
    assert differences(app) == []


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_what_was_public_before_the_safety_gate_stays_so_with_its_review_due(elsewhere: Elsewhere, target: str) -> None:
    app = elsewhere(target)
    folder = str(MIGRATIONS)
    before = ScriptDirectory(folder).get_revision("0015").down_revision
    filling = text(
        "INSERT INTO cases (slug, title, lede, story, place, country, status, urgency, dangerous, safety_note, fund_title, "
        "fund_text, fund_currency, created_at) "
        "VALUES (:status, 'A title', '', '', '', 'KZ', :status, '', TRUE, '', '', '', 'EUR', '2026-01-01 00:00:00')"
    )
    with app.app_context():
        upgrade(folder, revision=str(before))
        for status in ("draft", "active", "won", "closed"):
            db.session.execute(filling, {"status": status})
        db.session.commit()
        db.session.remove()
        upgrade(folder)
        cases = {case.slug: case for case in db.session.scalars(select(Case).order_by(Case.id))}
        assert {slug: case.status for slug, case in cases.items()} == {slug: slug for slug in cases} and len(cases) == 4
        assert cases["draft"].review_on is None and safety.review_due(cases["draft"])
        for slug in ("active", "won", "closed"):
            assert cases[slug].review_on is not None and safety.review_overdue(cases[slug]), slug


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_rebuilding_a_table_keeps_the_rows_that_name_it(elsewhere: Elsewhere, target: str, tmp_path: Path) -> None:
    """SQLite rebuilds a table by dropping it; what names its rows must neither go with it nor forbid it."""
    app = elsewhere(target)
    newer = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (newer / "versions" / "next.py").write_text(NEXT_STEP.format(head=newest_revision()))
    with app.app_context():
        upgrade(str(MIGRATIONS))
        ensure_scope(SITE)
        make_campaign(app)
        db.session.remove()
        before = counts()
        for move in (upgrade, downgrade):
            move(str(newer))
            assert counts() == before
        if target == "sqlite":
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_who_had_an_account_before_there_were_roles_is_an_owner(elsewhere: Elsewhere, target: str) -> None:
    app = elsewhere(target)
    with app.app_context():
        upgrade(str(MIGRATIONS), revision="0012")
        made = "INSERT INTO organisers (email, active, fs_uniquifier, created_at) VALUES (:email, :active, :email, :at)"
        for email in ("olga@example.org", "oleg@example.org"):
            db.session.execute(text(made), {"email": email, "active": True, "at": "2026-01-01 00:00:00+00:00"})
        db.session.commit()
        upgrade(str(MIGRATIONS))
        held = db.session.execute(text("SELECT role, case_id FROM memberships ORDER BY organiser_id")).all()
        assert [tuple(row) for row in held] == [("owner", None)] * 2
