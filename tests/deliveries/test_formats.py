"""FORMATS and COLUMNS: a further one is a function and a row; what a file cannot hold, or nobody agreed to, is not in it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import db
from core.formats import Format
from core.tables import NOTHING, About, Row
from deliveries import columns, services
from deliveries.columns import COLUMNS, Column
from deliveries.commands import export
from deliveries.formats import FORMATS, TooManyRows, check
from petitions.list_services import signatures_for
from petitions.services import get
from petitions.states import Visibility
from tests.petitions.conftest import Campaign, make_campaign


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


def test_a_new_format_is_one_function_and_one_row(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_lines(header: Row, rows: Iterable[Row], about: About = NOTHING) -> Iterator[bytes]:
        for row in (header, *rows):
            yield "|".join(map(str, row)).encode() + b"\n"

    monkeypatch.setitem(FORMATS, "lines", Format("Lines", "text/plain; charset=utf-8", "txt", write_lines))
    campaign.signed("ada@example.org", name="Ada Example", country="IE")
    with campaign.app.app_context():
        lines = b"".join(services.export(get(campaign.id), "lines", actor="cli")).decode().splitlines()
    assert lines[0].startswith("No.|Name|Role|") and lines[1].startswith("1|Ada Example|||Ireland|IE|")
    assert len(lines) == 3
    assert {kind: one.suffix for kind, one in FORMATS.items()}.items() >= {
        (kind, kind) for kind in ("csv", "xlsx", "ods", "json")
    }


def test_a_new_column_is_one_row_and_stays_empty_where_it_was_not_agreed_to(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_public = Column("Id", lambda number, line, names: line.public_id, needs=(Visibility.PUBLIC,))
    monkeypatch.setitem(COLUMNS, "public_id", only_public)
    campaign.signed("ada@example.org", name="Ada Example")
    campaign.signed("ben@example.org", name="Ben Example", visibility="public")
    with campaign.app.app_context():
        lines = list(signatures_for(get(campaign.id)))
        rows = [list(row) for row in columns.rows(lines, ("number", "name", "public_id"))]
        assert columns.header(("number", "public_id")) == ("No.", "Id")
        assert rows == [[1, "Ada Example", ""], [2, "Ben Example", lines[1].public_id]]
        assert next(columns.rows([lines[1]], ("public_id",), first=2)) == [lines[1].public_id]
        counted = lines[0]._replace(visibility=Visibility.COUNTED)
        assert set(next(columns.rows([counted]))) == {""}


def test_a_list_longer_than_a_file_holds_is_refused_before_it_is_recorded(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.signed("ada@example.org")
    small = replace(FORMATS["ods"], most_rows=1)
    assert FORMATS["ods"].holds(2_097_150) and not FORMATS["ods"].holds(2_097_151) and FORMATS["csv"].holds(10**9)
    monkeypatch.setitem(FORMATS, "ods", small)
    with pytest.raises(TooManyRows):
        check("ods", 2)
    options = [campaign.slug, "--format", "ods", "--out", str(tmp_path / "list.ods")]
    done = campaign.app.test_cli_runner().invoke(export, options)
    assert done.exit_code == 1 and "Take another --format" in done.output and list(tmp_path.iterdir()) == []
    with campaign.app.app_context():
        acts = set(db.session.scalars(select(AuditEntry.act)))
    assert "petition.exported" not in acts
