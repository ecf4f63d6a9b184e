"""The doctor: each thing that can be wrong is found, named, and comes with what to do; warnings are well."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from app import create_app
from core import audit, clock, fonts
from core.db import db
from core.jobs import Job, enqueue
from core.vault import SITE, VaultKey
from operations.machine_checks import BACKUP_MARKER
from petitions.counting.models import Tally
from tests.donations.conftest import sibling
from tests.operations.conftest import Elsewhere
from tests.operations.test_backup import run
from tests.petitions.conftest import Campaign


def findings(app: Flask) -> tuple[int, dict[str, dict[str, str]]]:
    result = run(app, "doctor", "--json")
    report = json.loads(result.output)
    assert report["ok"] == (result.exit_code == 0)
    return result.exit_code, {one["about"]: one for one in report["findings"]}


def failing(app: Flask) -> dict[str, str]:
    """What has failed, by name; the exit code is 1 exactly when something has."""
    code, found = findings(app)
    failed = {about: one["sentence"] for about, one in found.items() if one["level"] == "failed"}
    assert code == (1 if failed else 0)
    return failed


@pytest.fixture(autouse=True)
def usual_rights(app: Flask) -> Iterator[None]:
    data: Path = app.config["UNDERSIGNED"].data
    data.chmod(0o700)
    (data / BACKUP_MARKER).unlink(missing_ok=True)
    yield


def test_a_new_site_is_well_with_warnings(app: Flask, campaign: Campaign) -> None:
    campaign.signed()
    code, found = findings(app)
    assert code == 0, found
    assert found["mail"]["level"] == "warning" and found["backup"]["level"] == "warning"
    assert found["site key"]["sentence"].startswith("SITE_PUBLIC_KEY=")
    assert "OK   database: " in run(app, "doctor").output


def test_a_backup_ends_its_warning(app: Flask, tmp_path: Path) -> None:
    run(app, "backup", str(tmp_path / "b.tar.gz"))
    assert findings(app)[1]["backup"]["level"] == "ok"
    old = (clock.now() - timedelta(days=8)).isoformat()
    (app.config["UNDERSIGNED"].data / BACKUP_MARKER).write_text(old)
    assert findings(app)[1]["backup"]["level"] == "warning"


KEYS_OF_STRIPE = [
    ({}, "ok", "A test key is set, as fits this machine, with one webhook secret"),
    ({"STRIPE_WEBHOOK_SECRETS": "whsec_old whsec_new"}, "warning", "with 2 webhook secrets"),
    ({"STRIPE_SECRET_KEY": ""}, "warning", "They are off"),
    (
        {"STRIPE_SECRET_KEY": "rk_live_1", "STRIPE_WEBHOOK_SECRETS": "whsec_" + "x" * 32, "STRIPE_API_BASE": ""},
        "ok",
        "Stripe's live key is set",
    ),
]


@pytest.mark.parametrize(("given", "level", "sentence"), KEYS_OF_STRIPE, ids=[case[2] for case in KEYS_OF_STRIPE])
def test_it_tells_which_keys_of_stripe_are_set(app: Flask, given: dict[str, str], level: str, sentence: str) -> None:
    found = findings(sibling(app, **given))[1]["gifts"]
    assert (found["level"], sentence in found["sentence"]) == (level, True), found


def scope_file(app: Flask) -> Path:
    with app.app_context():
        key = db.session.scalars(select(VaultKey).where(VaultKey.scope == SITE)).one()
        return Path(app.config["UNDERSIGNED"].keystore / f"scope-{key.id}.json")


def test_a_lost_private_key_is_found(app: Flask) -> None:
    path = scope_file(app)
    path.rename(path.with_suffix(".away"))
    try:
        sentence = failing(app)["vault keys"]
    finally:
        path.with_suffix(".away").rename(path)
    assert "site: scope-" in sentence and "is not in the keystore" in sentence
    assert failing(app) == {}


@pytest.mark.parametrize(("content", "fault"), [("{", "is damaged"), ("{}", "is damaged")])
def test_a_damaged_private_key_is_found(app: Flask, content: str, fault: str) -> None:
    path = scope_file(app)
    kept = path.read_text()
    path.write_text(content)
    try:
        assert fault in failing(app)["vault keys"]
    finally:
        path.write_text(kept)


def test_another_private_key_under_the_same_name_is_found(app: Flask) -> None:
    path = scope_file(app)
    kept = path.read_text()
    other = app.extensions["vault"].keystore.create_scope_key()
    stray = app.config["UNDERSIGNED"].keystore / f"scope-{other.key_id}.json"
    path.write_text(stray.read_text())
    try:
        assert "holds another key" in failing(app)["vault keys"]
    finally:
        path.write_text(kept)
        stray.unlink()


def test_a_public_key_that_the_site_key_did_not_sign_is_found(app: Flask) -> None:
    with app.app_context():
        db.session.execute(update(VaultKey).values(signature=bytes(64)))
        db.session.commit()
    assert "did not sign it" in failing(app)["vault keys"]


def test_another_sites_public_key_is_found(app: Flask, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.config["UNDERSIGNED"]
    monkeypatch.setitem(app.config, "UNDERSIGNED", replace(settings, site_public_key="A" * 43 + "="))
    assert "another site" in failing(app)["site key"]


def test_a_changed_audit_entry_is_found(app: Flask) -> None:
    with app.app_context():
        audit.record("petition.closed", "petition-1", actor="cli")
        audit.record("petition.opened", "petition-1", actor="cli")
        db.session.commit()
    assert "audit chain" not in failing(app)
    with app.app_context():
        db.session.execute(text("UPDATE audit_entries SET act = 'petition.kept' WHERE act = 'petition.closed'"))
        db.session.commit()
    assert "does not follow" in failing(app)["audit chain"]


CHANGED = "UPDATE audit_entries SET {} WHERE id = :one"
COLUMNS = (
    "at = '2020-01-01 00:00:00.000001'", "actor = 'eve'", "act = 'petition.kept'", "subject = 'petition-9'", "detail = '{}'",
    "previous = :hash", "digest = :hash",
)  # fmt: skip
SWAP = "UPDATE audit_entries SET id = CASE id WHEN :one THEN 9001 ELSE 9002 END WHERE id IN (:one, :two)"
BACK = "UPDATE audit_entries SET id = CASE id WHEN 9001 THEN :two ELSE :one END WHERE id IN (9001, 9002)"
FORGED = (
    "INSERT INTO audit_entries (at, actor, act, subject, detail, previous, digest) "
    "SELECT at, 'eve', act, subject, detail, digest, :hash FROM audit_entries ORDER BY id DESC LIMIT 1"
)
TAMPERINGS = {  # what is done to the third of five entries, and by how many the entry that is named comes later
    **{f"change {column.partition(' ')[0]}": ((CHANGED.format(column),), 0) for column in COLUMNS},
    "delete": (("DELETE FROM audit_entries WHERE id = :one",), 1),
    "swap": ((SWAP, BACK), 0),
    "append": ((FORGED,), 3),
    "append and count": ((FORGED, "UPDATE audit_heads SET entries = entries + 1"), 3),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_the_doctor_names_the_entry_that_was_tampered_with(app: Flask, tampering: str) -> None:
    with app.app_context():
        for number in range(5):
            audit.record("petition.exported", f"petition-{number}", actor="olga@example.org", rows=number)
        db.session.commit()
        ids = list(db.session.scalars(select(audit.AuditEntry.id).order_by(audit.AuditEntry.id)))
    assert "audit chain" not in failing(app)
    statements, later = TAMPERINGS[tampering]
    place = len(ids) - 3
    with app.app_context():
        for statement in statements:
            values = {"one": ids[place], "two": ids[place + 1], "hash": b"2" * 32}
            named = {name: value for name, value in values.items() if f":{name}" in statement}
            db.session.execute(text(statement), named)
        db.session.commit()
        wanted = list(db.session.scalars(select(audit.AuditEntry.id).order_by(audit.AuditEntry.id)))
    where = (ids[place + later] if later < 3 else wanted[-1]) if tampering != "swap" else ids[place]
    assert f"Entry {where} does not follow" in failing(app)["audit chain"]


def test_drifted_tallies_are_found(app: Flask, campaign: Campaign) -> None:
    campaign.signed()
    with app.app_context():
        db.session.execute(update(Tally).where(Tally.dimension == "total").values(signatures=41))
        db.session.commit()
    assert f"petition {campaign.id}: -40" in failing(app)["tallies"]
    assert run(app, "tallies", "recount").exit_code == 1
    assert failing(app) == {}


def job(app: Flask, **values: Any) -> None:
    with app.app_context():
        enqueue("mail", {}, key="one")
        db.session.execute(update(Job).values(**values))
        db.session.commit()


def test_a_worker_that_does_not_run_is_found(app: Flask) -> None:
    job(app, run_at=clock.now() - timedelta(minutes=5))
    assert failing(app) == {}
    job(app, run_at=clock.now() - timedelta(minutes=11))
    assert "is the worker running" in failing(app)["waiting jobs"]


@pytest.mark.parametrize(("state", "about"), [("dead", "dead jobs"), ("queued", "failing jobs")])
def test_jobs_that_fail_are_a_warning(app: Flask, state: str, about: str) -> None:
    job(app, state=state, attempts=3)
    code, found = findings(app)
    assert code == 0 and found[about]["level"] == "warning"


def test_an_empty_database_and_one_that_is_away_are_found(app: Flask, elsewhere: Elsewhere) -> None:
    assert "db upgrade" in failing(elsewhere("sqlite"))["schema"]
    away = elsewhere("postgresql")
    settings = away.config["UNDERSIGNED"]
    given = {
        "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": "postgresql://127.0.0.1:9/none",
        "SECRET_KEY": settings.secret_key, "OFFICE_SECRET_KEY": str(settings.office_secret_key),
    }  # fmt: skip
    assert "DATABASE_URL" in failing(create_app(given))["database"]


@pytest.mark.parametrize(
    ("name", "about"), [("keystore/site.json", "keystore rights"), ("settings.env", "secrets rights")]
)
def test_secrets_that_others_can_read_are_a_warning(app: Flask, name: str, about: str) -> None:
    path = app.config["UNDERSIGNED"].data / name
    existed = path.exists()
    path.touch()
    path.chmod(0o644)
    try:
        found = findings(app)[1][about]
        assert found["level"] == "warning" and str(path) in found["sentence"]
    finally:
        path.chmod(0o600) if existed else path.unlink()


def test_a_mail_server_that_does_not_answer_is_a_warning(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "UNDERSIGNED", replace(app.config["UNDERSIGNED"], smtp_url="smtp://127.0.0.1:9"))
    code, found = findings(app)
    assert code == 0 and "mails wait" in found["mail"]["sentence"]


def test_a_folder_that_cannot_be_written_is_found(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "UNDERSIGNED", replace(app.config["UNDERSIGNED"], data=Path("/proc/1")))
    assert os.access("/proc/1", os.F_OK)
    assert "cannot be written" in failing(app)["data folder"]


def test_a_script_without_a_font_is_named_with_what_to_install(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not {*fonts.SHIPPED.values()} & {*fonts.missing()}
    monkeypatch.setitem(fonts.WANTED, "A Font That Nobody Made", "Kawi")
    found = findings(app)[1]["fonts"]
    assert (
        found["level"] == "warning" and "Kawi" in found["sentence"] and "install fonts-noto-core" in found["sentence"]
    )
