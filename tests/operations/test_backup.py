"""Backup and restore, between both databases in either direction; what was withdrawn stays withdrawn."""

import gzip
import hashlib
import io
import json
import shutil
import stat
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text

from core import audit
from core.db import Base, db
from core.health import newest_revision
from operations import backup
from operations import restore as restoring
from petitions.counting import tallies
from petitions.models import Petition, Signature, Submission
from petitions.persons import open_person
from petitions.states import SignatureState
from tests.operations.conftest import Elsewhere
from tests.organisers.conftest import enter
from tests.petitions.conftest import Campaign

both_ways = pytest.mark.parametrize("target", ["sqlite", "postgresql"])


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def every_row(app: Flask) -> dict[str, list[dict[str, Any]]]:
    with app.app_context():
        return {
            table.name: sorted((dict(row) for row in db.session.execute(select(table)).mappings()), key=repr)
            for table in Base.metadata.sorted_tables
        }


@both_ways
def test_a_backup_restores_every_row_on_either_database(
    app: Flask, campaign: Campaign, elsewhere: Elsewhere, target: str, tmp_path: Path
) -> None:
    campaign.signed("ada@example.org")
    campaign.sign("bob@example.org", name="Бауыржан 😀")
    campaign.work()
    file = tmp_path / "site.tar.gz"
    assert run(app, "backup", str(file)).exit_code == 0
    other = elsewhere(target)
    result = run(other, "restore", str(file))
    assert result.exit_code == 0, result.output
    before, after = every_row(app), every_row(other)
    restored = after.pop("audit_entries")
    assert [entry for entry in restored if entry["act"] != "site.restored"] == before.pop("audit_entries")
    assert len(restored) == len([e for e in restored if e["act"] != "site.restored"]) + 1
    before.pop("audit_heads"), after.pop("audit_heads")
    assert after == before
    with other.app_context():
        signature = db.session.scalars(select(Signature)).one()
        petition = db.session.get_one(Petition, signature.petition_id)
        assert open_person(petition, signature)["email"] == "ada@example.org"
        assert tallies.total(petition.id) == 1
        assert audit.find_break() is None


@both_ways
def test_who_withdrew_after_the_backup_stays_withdrawn(
    app: Flask, campaign: Campaign, elsewhere: Elsewhere, target: str, tmp_path: Path
) -> None:
    mail = campaign.signed("ada@example.org")
    campaign.signed("bob@example.org")
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    campaign.press(mail.links["withdraw"])
    campaign.work()
    other = elsewhere(target)
    assert run(other, "restore", str(file)).exit_code == 0
    with other.app_context():
        states = dict(db.session.execute(select(Signature.state, func.count()).group_by(Signature.state)).all())
        assert states == {SignatureState.VALID: 1, SignatureState.WITHDRAWN: 1}
        gone = db.session.scalars(select(Signature).where(Signature.state == SignatureState.WITHDRAWN)).one()
        assert gone.blob is None and gone.email_index is None
        sent = db.session.scalars(select(Submission).where(Submission.public_id == gone.public_id)).one()
        assert sent.blob is None
        assert tallies.drift() == {}
        tallies.fold()
        assert tallies.total(campaign.id) == 1


def test_a_withdrawal_that_no_worker_has_journalled_survives_a_forced_restore(
    app: Flask, campaign: Campaign, tmp_path: Path
) -> None:
    mail = campaign.signed("ada@example.org")
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    campaign.press(mail.links["withdraw"])
    assert run(app, "restore", str(file), "--force").exit_code == 0
    with app.app_context():
        assert db.session.scalars(select(Signature.state)).all() == [SignatureState.WITHDRAWN]


def test_a_full_database_is_replaced_only_with_force(app: Flask, campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    campaign.sign("late@example.org")
    before = every_row(app)
    refused = run(app, "restore", str(file))
    assert refused.exit_code == 2 and "--force" in refused.output
    assert every_row(app) == before
    assert run(app, "restore", str(file), "--force").exit_code == 0
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Submission)) == 0


@both_ways
def test_new_rows_get_new_ids_after_a_restore(
    app: Flask, campaign: Campaign, elsewhere: Elsewhere, target: str, tmp_path: Path
) -> None:
    for number in range(3):
        campaign.sign(f"p{number}@example.org")
    with app.app_context():
        newest = db.session.scalar(select(func.max(Submission.id))) or 0
        db.session.execute(text(f"DELETE FROM submissions WHERE id = {newest}"))
        db.session.commit()
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    other = elsewhere(target)
    run(other, "restore", str(file))
    Campaign(other, campaign.id, campaign.slug).sign("next@example.org")
    with other.app_context():
        assert (db.session.scalar(select(func.max(Submission.id))) or 0) > newest, (
            "an id of a deleted row was given again"
        )


def rewrite(file: Path, member: str, before: bytes, after: bytes) -> Path:
    """A copy of a backup in which one member is another."""
    forged = file.with_name("forged.tar.gz")
    with tarfile.open(file) as old, tarfile.open(forged, "w:gz") as new:
        for entry in old.getmembers():
            content = old.extractfile(entry)
            assert content is not None
            body = content.read()
            if entry.name == member:
                assert before in body
                body = body.replace(before, after)
            entry.size = len(body)
            new.addfile(entry, io.BytesIO(body))
    return forged


@pytest.mark.parametrize(
    ("member", "old", "new", "sentence"),
    [
        ("submissions.jsonl", b'"country":"IE"', b'"country":"FR"', "submissions.jsonl was changed"),
        ("manifest.json", b'"revision": "', b'"revision": "9', "made by newer code"),
        ("manifest.json", b'"format": 1', b'"format": 2', "a format that this code does not know"),
        ("manifest.json", b'"sequences"', b'"sequence"', "manifest is damaged"),
        ("manifest.json", b'"submissions": {', b'"missing": {', "missing.jsonl is missing"),
    ],
)
def test_a_changed_backup_is_refused_and_nothing_changes(
    app: Flask, campaign: Campaign, tmp_path: Path, member: str, old: bytes, new: bytes, sentence: str
) -> None:
    campaign.sign("ada@example.org")
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    before = every_row(app)
    result = run(app, "restore", str(rewrite(file, member, old, new)), "--force")
    assert result.exit_code == 1 and sentence in result.output
    assert every_row(app) == before


NEXT_STEP = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def rebuilt() -> str:  # as SQLite needs it for most changes
    return "always" if op.get_bind().dialect.name == "sqlite" else "auto"


def upgrade() -> None:
    with op.batch_alter_table("cases", recreate=rebuilt()) as batch_op:
        batch_op.add_column(sa.Column("next_step", sa.String(10), nullable=False, server_default="new"))


def downgrade() -> None:
    with op.batch_alter_table("cases", recreate=rebuilt()) as batch_op:
        batch_op.drop_column("next_step")
"""


@both_ways
def test_an_old_backup_is_migrated_to_this_code_also_over_a_newer_schema(
    app: Flask, campaign: Campaign, elsewhere: Elsewhere, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.signed("ada@example.org")
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    newer = shutil.copytree(restoring.MIGRATIONS, tmp_path / "migrations")
    (newer / "versions" / "next.py").write_text(NEXT_STEP.format(head=newest_revision()))
    monkeypatch.setattr(restoring, "MIGRATIONS", newer)
    other = elsewhere(target)
    for options in ((), ("--force",)):  # into nothing; then over rows in the newer schema
        result = run(other, "restore", str(file), *options)
        assert result.exit_code == 0, result.output
        with other.app_context():
            assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == "next"
            assert db.session.scalars(text("SELECT next_step FROM cases")).all() == ["new"]
            assert db.session.scalar(text("SELECT count(*) FROM people")) == 1, "rebuilding a table took rows with it"
            assert db.session.scalar(text("SELECT count(*) FROM signatures")) == 1


NO_BACKUPS = {
    "empty": b"",
    "text": b"no backup",
    "gzip": gzip.compress(b"no tar", mtime=0),
    "zeros": gzip.compress(bytes(20480), mtime=0),
}


@pytest.mark.parametrize("content", NO_BACKUPS.values(), ids=NO_BACKUPS)
def test_a_file_that_is_no_backup_is_refused_with_a_sentence(app: Flask, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "site.tar.gz"
    file.write_bytes(content)
    result = run(app, "restore", str(file), "--force")
    assert result.exit_code == 1 and result.output.startswith("Error: ") and "Traceback" not in result.output
    assert run(app, "restore", str(tmp_path / "absent")).exit_code == 2


def test_a_restore_that_fails_half_way_changes_nothing(app: Flask, campaign: Campaign, tmp_path: Path) -> None:
    campaign.sign("ada@example.org")
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    campaign.sign("bob@example.org")
    journal = app.config["UNDERSIGNED"].keystore / "journal.log"
    kept = journal.with_suffix(".kept")
    if journal.exists():
        journal.rename(kept)
    journal.mkdir()  # replaying it fails after every row was replaced
    before = every_row(app)
    try:
        assert run(app, "restore", str(file), "--force").exit_code != 0
    finally:
        journal.rmdir()
        if kept.exists():
            kept.rename(journal)
    assert every_row(app) == before


def test_a_backup_is_private_whole_and_without_keys(app: Flask, campaign: Campaign, tmp_path: Path) -> None:
    campaign.signed("ada@example.org")
    file = tmp_path / "site.tar.gz"
    result = run(app, "backup", str(file))
    assert "keystore and settings.env" in result.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["site.tar.gz"], "a draft was left"
    with tarfile.open(file) as archive:
        names = archive.getnames()
        bodies = b"".join(archive.extractfile(name).read() for name in names)  # type: ignore[union-attr]
        manifest = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert all(name == "manifest.json" or name.endswith(".jsonl") for name in names)
    assert manifest["tables"]["signatures"]["rows"] == 1
    assert b"ada@example.org" not in bodies
    with app.app_context():
        for path in app.config["UNDERSIGNED"].keystore.glob("*.json"):
            content = json.loads(path.read_text())
            for secret in (content[name] for name in ("seed", "private", "index") if name in content):
                assert secret.encode() not in bodies
        assert app.config["UNDERSIGNED"].secret_key.encode() not in bodies


def test_a_backup_shows_one_moment_while_people_sign(app: Flask, campaign: Campaign, tmp_path: Path) -> None:
    """Whoever signs while it is written is in it with all of their rows or with none: here, with none."""
    campaign.sign("before@example.org")
    with app.app_context(), backup.snapshot() as connection:
        assert connection.scalar(select(func.count()).select_from(Submission.__table__)) == 1
        signing = threading.Thread(target=campaign.sign, args=("during@example.org",))
        signing.start()
        signing.join(timeout=20)
        assert not signing.is_alive(), "a backup must not stop anybody from signing"
        assert connection.scalar(select(func.count()).select_from(Submission.__table__)) == 1
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Submission)) == 2


def test_a_database_without_tables_gives_no_backup(elsewhere: Elsewhere, tmp_path: Path) -> None:
    result = run(elsewhere("sqlite"), "backup", str(tmp_path / "x.tar.gz"))
    assert result.exit_code == 1 and "nothing to save" in result.output
    assert not list(tmp_path.glob("*.gz"))


@pytest.mark.parametrize(
    "row", [b"no json", b"[1]", b'{"nope":1}', b'{"created_at":"yesterday"}', b'{"id":1}', b'{"id":[]}']
)
def test_a_row_that_is_none_is_told_in_a_sentence(app: Flask, campaign: Campaign, tmp_path: Path, row: bytes) -> None:
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    with tarfile.open(file) as archive:
        old = archive.extractfile("cases.jsonl").read()  # type: ignore[union-attr]
    forged = rewrite(file, "cases.jsonl", old, row + b"\n")
    sums = [hashlib.sha256(body).hexdigest().encode() for body in (old, row + b"\n")]
    forged.replace(file)
    before = every_row(app)
    result = run(app, "restore", str(rewrite(file, "manifest.json", *sums)), "--force")
    assert result.exit_code == 1 and "no row of ours" in result.output and every_row(app) == before


def test_a_table_that_the_manifest_does_not_name_is_not_taken_unchecked(
    app: Flask, campaign: Campaign, tmp_path: Path
) -> None:
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    with tarfile.open(file) as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
        listed = json.dumps(manifest, indent=1).encode()
    del manifest["tables"]["organisers"]
    before = every_row(app)
    result = run(app, "restore", str(rewrite(file, "manifest.json", listed, json.dumps(manifest).encode())), "--force")
    assert result.exit_code == 1 and "does not name organisers" in result.output and every_row(app) == before


def test_a_restore_ends_every_session_of_the_office(app: Flask, campaign: Campaign, tmp_path: Path) -> None:
    office, file = enter(app), tmp_path / "backup.tar"
    assert run(app, "backup", str(file)).exit_code == 0
    assert office.client.get("/office/").status_code == 200
    assert run(app, "restore", str(file), "--force").exit_code == 0
    assert office.client.get("/office/").status_code == 302
