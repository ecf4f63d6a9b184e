"""A long list is read, opened and written by several processes: the same bytes, of one moment, and nothing half."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select, update

from core.db import db
from deliveries import services
from deliveries.commands import export
from petitions.models import Signature
from petitions.services import get
from petitions.states import SignatureState
from tests.deliveries.reading import read
from tests.petitions.conftest import Campaign, make_campaign

NAMES = ("Ada Example", "=1+1 Ben", "Дина Пример", "Eve, Example", "Fay\u00a0Example", "Gil Example", "Hal Example")
pytestmark = pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # SQLite is read by one


@pytest.fixture
def campaign(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    monkeypatch.setattr(services, "LONG", 1)
    monkeypatch.setattr(services, "SLICE", 3)
    made = make_campaign(app)
    for number, name in enumerate(NAMES):
        made.signed(f"p{number}@example.org", name=name, country=("IE", "AT")[number % 2])
    made.signed("counted@example.org", visibility="counted")
    return made


def change_last(**values: Any) -> None:
    last = select(Signature.id).where(Signature.visibility == "recipients").order_by(Signature.id.desc()).limit(1)
    db.session.execute(update(Signature).where(Signature.id == last.scalar_subquery()).values(**values))
    db.session.commit()


def test_several_processes_write_the_bytes_that_one_writes_in_its_language_too(campaign: Campaign) -> None:
    with campaign.app.app_context(), force_locale("ru"):
        alone, together = (
            b"".join(services.export(get(campaign.id), "csv", actor="cli", hands=hands)) for hands in (1, 2)
        )
    assert together == alone
    rows = read(together, "csv")
    assert [row[0] for row in rows[1:]] == [*"1234567", ""] and rows[2][1] == "'=1+1 Ben"
    assert rows[1][4] == "Ирландия" and rows[-1][2] == "1"


def test_a_list_whose_length_is_a_multiple_of_the_slice_ends_where_it_ends(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "SLICE", len(NAMES))
    with campaign.app.app_context():
        rows = read(b"".join(services.export(get(campaign.id), "csv", actor="cli", hands=2)), "csv")
    assert len(rows) == len(NAMES) + 2


def test_the_list_is_of_one_moment_though_somebody_leaves_while_it_is_written(campaign: Campaign) -> None:
    with campaign.app.app_context():
        chunks = services.export(get(campaign.id), "csv", actor="cli", hands=2)
        db.session.commit()
        begun = next(chunks)
        change_last(state=SignatureState.INVALIDATED)
        rows = read(begun + b"".join(chunks), "csv")
    assert [row[1] for row in rows[1:-1]][-1] == "Hal Example" and len(rows) == len(NAMES) + 2


def test_a_row_that_was_changed_ends_the_command_and_leaves_the_earlier_file(
    campaign: Campaign, tmp_path: Path
) -> None:
    out = tmp_path / "list.csv"
    out.write_text("an earlier list")
    with campaign.app.app_context():
        change_last(blob=b"\0" * 256)
    done = campaign.app.test_cli_runner().invoke(export, [campaign.slug, "--format", "csv", "--out", str(out)])
    assert done.exit_code == 1 and type(done.exception).__name__ == "VaultError"
    assert out.read_text() == "an earlier list" and len(list(tmp_path.iterdir())) == 1
    assert multiprocessing.active_children() == []
