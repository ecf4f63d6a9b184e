"""`flask petition export --format pdf`: the annex by itself."""

import getpass
import json
from pathlib import Path

import pytest
from flask import Flask
from pypdf import PdfReader

from core.db import db
from core.volumes import RowsChanged, Sizes
from deliveries.documents import exporting
from petitions.models import Petition
from tests.deliveries.papers import UNDRAWN
from tests.deliveries.test_export import entries, run
from tests.petitions.conftest import Campaign, make_campaign


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    made = make_campaign(app)
    for number in range(3):
        made.signed(f"p{number}@example.org", name=f"Ada Number {number}")
    made.signed("cy@example.org", visibility="counted")
    return made


def drafts(campaign: Campaign) -> list[Path]:
    return list(campaign.app.config["UNDERSIGNED"].drafts_folder.glob("*"))


def text(path: Path) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(path).pages)


def test_the_annex_alone_is_one_file_that_only_its_owner_can_read(campaign: Campaign, tmp_path: Path) -> None:
    out = tmp_path / "list.pdf"
    done = run(campaign.app, campaign.slug, "--format", "pdf", "--out", str(out), "--json")
    assert json.loads(done.output) == {"petition": campaign.slug, "files": [str(out)]}
    said = text(out)
    assert [f"{n + 1} Ada Number {n}" in said for n in range(3)] == [True] * 3 and "without a name: 1." in said
    assert "Export for the organisers · document" in said and "delivery" not in said.lower()
    assert out.stat().st_mode & 0o777 == 0o600 and list(tmp_path.iterdir()) == [out] and drafts(campaign) == []
    (entry,) = entries(campaign.app)
    assert (
        entry.detail == {"format": "pdf", "rows": 3, "counted": 1, "withheld": 0}
        and entry.actor == f"cli:{getpass.getuser()}"
    )


def test_a_long_list_is_volumes_beside_each_other(campaign: Campaign, tmp_path: Path) -> None:
    small = Sizes(rows_a_page=1, pages_a_part=1, parts_a_volume=2)
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        made = exporting.write(petition, 3, tmp_path / "list.pdf", sizes=small)
        with pytest.raises(RowsChanged):
            exporting.write(petition, 4, tmp_path / "other.pdf", sizes=small)
    assert [path.name for path in made] == ["list-001-of-002.pdf", "list-002-of-002.pdf"]
    assert "Ada Number 2" in text(made[1]) and sorted(tmp_path.iterdir()) == made and drafts(campaign) == []


def test_a_name_that_no_font_draws_is_said_and_nothing_is_written(campaign: Campaign, tmp_path: Path) -> None:
    with campaign.app.app_context():
        db.session.get_one(Petition, campaign.id).title = f"Release {UNDRAWN}"
        db.session.commit()
    done = run(campaign.app, campaign.slug, "--format", "pdf", "--out", str(tmp_path / "list.pdf"))
    assert done.exit_code == 1 and "U+F3A7C" in done.output and "Install fonts-noto-core" in done.output
    assert list(tmp_path.iterdir()) == [] and drafts(campaign) == []
