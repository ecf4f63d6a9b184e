"""The command that writes a list: who may, who did, and what is said first to somebody at a terminal."""

import getpass
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import db
from deliveries.commands import export
from deliveries.formats import FORMATS
from tests.conftest import BASE, app_for_this_test
from tests.deliveries.reading import read
from tests.deliveries.world import environment
from tests.petitions.conftest import Campaign, make_campaign

HERE = Path(__file__).parent.parent.parent


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", name="Ada Example")
    return campaign


def entries(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        acts = select(AuditEntry.actor, AuditEntry.subject).where(AuditEntry.act == "petition.exported")
        return [(actor, subject) for actor, subject in db.session.execute(acts.order_by(AuditEntry.id))]


def test_every_format_is_written_and_the_chain_says_who_did(campaign: Campaign, tmp_path: Path) -> None:
    for kind in FORMATS:
        out = tmp_path / f"list.{kind}"
        args = [campaign.slug, "--format", kind, "--out", str(out)]
        assert campaign.app.test_cli_runner().invoke(export, args).exit_code == 0
        assert [cells[1] for cells in read(out.read_bytes(), kind)][:2] == ["Name", "Ada Example"]
        assert out.stat().st_mode & 0o777 == 0o600
    assert entries(campaign.app) == [(f"cli:{getpass.getuser()}", campaign.slug)] * len(FORMATS)


def test_a_public_server_refuses_with_a_sentence(campaign: Campaign, tmp_path: Path) -> None:
    settings = campaign.app.config["UNDERSIGNED"]
    public = app_for_this_test(
        {
            **BASE, "ROLE": "public", "UNDERSIGNED_DATA": str(tmp_path / "public"), "DATABASE_URL": settings.database_url,
            "SITE_PUBLIC_KEY": key_of(campaign.app),
        }
    )  # fmt: skip
    assert refused(public, campaign, tmp_path, "holds no keystore")


def test_a_folder_that_lost_its_keystore_refuses_with_a_sentence(campaign: Campaign, tmp_path: Path) -> None:
    settings = campaign.app.config["UNDERSIGNED"]
    other = app_for_this_test(
        {**BASE, "UNDERSIGNED_DATA": str(tmp_path / "other"), "DATABASE_URL": settings.database_url}
    )
    assert refused(other, campaign, tmp_path, "Put the keystore back")


def key_of(app: Flask) -> str:
    return str(app.extensions["vault"].keystore.site_public_key())


def refused(app: Flask, campaign: Campaign, folder: Path, words: str) -> bool:
    out = folder / "list.csv"
    done = app.test_cli_runner().invoke(export, [campaign.slug, "--format", "csv", "--out", str(out)])
    assert done.exit_code == 1 and words in done.output and "Traceback" not in done.output
    return not out.exists() and entries(campaign.app) == []


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_somebody_at_a_terminal_is_told_what_will_be_written(
    campaign: Campaign, tmp_path: Path, answer: str, code: int
) -> None:
    out = tmp_path / "list.csv"
    command = [sys.executable, "-m", "flask", "--app", "app", "petition", "export", campaign.slug]
    terminal, its_end = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    done = subprocess.run(
        [*command, "--format", "csv", "--out", str(out)], cwd=HERE, env=environment(campaign.app), stdin=its_end,
        capture_output=True, text=True,
    )  # fmt: skip
    os.close(terminal)
    os.close(its_end)
    assert done.returncode == code, done.stderr
    assert f"{out} will hold the names of 1 people, in clear" in done.stderr
    assert (out.exists(), len(entries(campaign.app))) == (code == 0, 1 - code)
