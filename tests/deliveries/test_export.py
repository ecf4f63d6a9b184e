"""Handing over: who is on the list, who is only counted, and that no cell can run."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select, update

from core import clock
from core.audit import AuditEntry
from core.db import db
from deliveries.commands import export
from petitions import services
from petitions.models import Recipient, Signature
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import Campaign, make_campaign

Rows = list[list[Any]]
HEADER = ["No.", "Name", "Role, organisation", "Country", "Signed on"]
WITHHELD = "Signed while the letter went to other recipients, not named here:"
COUNTED = "Signed as well, to be counted without a name:"


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


@pytest.fixture
def office(app: Flask) -> Office:
    return enter(app)


def read(content: bytes, kind: str) -> Rows:
    """The rows of an exported file, as a spreadsheet program reads them."""
    if kind == "csv":
        return [list(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]


def download(office: Office, campaign: Campaign, kind: str) -> bytes:
    answer = office.post(f"/office/petitions/{campaign.id}/export", format=kind)
    assert answer.status_code == 200
    return answer.data


def entries(app: Flask) -> list[AuditEntry]:
    with app.app_context():
        return list(
            db.session.scalars(select(AuditEntry).where(AuditEntry.act == "petition.exported").order_by(AuditEntry.id))
        )


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_has_those_who_agreed_and_a_number_for_the_others(
    office: Office, campaign: Campaign, kind: str
) -> None:
    more = {"postal_code": "D01 X2X2", "comment": "A comment of mine"}
    campaign.signed("ada@example.org", name="Ada Example", country="IE", role="Teacher", affiliation="A school", **more)
    campaign.signed("ben@example.org", name="Ben Example", country="AT", visibility="public", role="Nurse", **more)
    campaign.signed(
        "cy@example.org", name="Cy Example", country="SE", visibility="counted", affiliation="A union", **more
    )
    campaign.signed("di@example.org", name="Дина Пример", country="DE", **more)
    campaign.sign("never@example.org", name="Never Confirmed", **more)
    content = download(office, campaign, kind)
    today = clock.now().date().isoformat()
    rows = [[str(cell) for cell in row] for row in read(content, kind)]
    assert rows == [
        HEADER,
        ["1", "Ada Example", "Teacher, A school", "Ireland", today],
        ["2", "Ben Example", "Nurse", "Austria", today],
        ["3", "Дина Пример", "", "Germany", today],
        ["", COUNTED, "1", "", ""],
    ]
    text = "\n".join(" ".join(row) for row in rows)
    for absent in ("@example.org", "D01", "comment", "Cy", "union", "Sweden", "Never"):
        assert absent not in text, absent


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_who_left_or_whose_data_has_gone_is_not_on_the_list(office: Office, campaign: Campaign, kind: str) -> None:
    for person in ("ada", "ben", "cy"):
        campaign.signed(f"{person}@example.org", name=f"{person.title()} Example")
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    with campaign.app.app_context():
        last = db.session.scalar(select(Signature.id).order_by(Signature.id.desc()).limit(1))
        db.session.execute(update(Signature).where(Signature.id == last).values(cleared_at=clock.now()))
        db.session.commit()
    assert [row[1] for row in read(download(office, campaign, kind), kind)] == ["Name", "Ben Example", COUNTED]


def test_the_day_of_signing_is_that_of_the_petitions_time_zone(office: Office, app: Flask) -> None:
    campaign = make_campaign(app, time_zone="Asia/Almaty")
    campaign.signed("ada@example.org")
    with app.app_context():
        db.session.execute(update(Signature).values(signed_at=datetime(2026, 5, 6, 22, tzinfo=UTC)))
        db.session.commit()
    assert read(download(office, campaign, "csv"), "csv")[1][4] == "2026-05-07"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_empty_list_says_so(office: Office, campaign: Campaign, kind: str) -> None:
    rows = [[str(cell) for cell in row] for row in read(download(office, campaign, kind), kind)]
    assert rows == [HEADER, ["", COUNTED, "0", "", ""]]


FORMULAS = (
    '=HYPERLINK("https://evil.example";"x")', "+Ada", "-Ada", "@SUM(A1)", "=cmd|' /C calc'!A0", "\uff1dAda", "\uff0bAda",
    "\uff0dAda", "\uff20Ada", ' "=Ada', "'=Ada", "%Ada", "|Ada",
)  # fmt: skip
CLEAN = (
    "Ada O'Example",
    'Ada "Ace" Example',
    "Ada, Example; Junior",
    "Ада",
    "عادة",
    "Ada-Maria = Example",
    "Ada\u00a0Example",
)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_of_a_signatory_can_run_and_clean_names_are_as_typed(
    office: Office, campaign: Campaign, kind: str
) -> None:
    people = [("role", formula) for formula in FORMULAS] + [("affiliation", formula) for formula in FORMULAS[:4]]
    typed: list[dict[str, str]] = [{"name": formula} for formula in FORMULAS] + [{"name": name} for name in CLEAN]
    typed += [{"name": "Ada Example", field: formula} for field, formula in people]
    sent = []
    for number, fields in enumerate(typed):
        if campaign.sign(f"p{number}@example.org", **fields).status_code == 303:
            sent.append(fields)
    assert sum(fields["name"] in CLEAN for fields in sent) == len(CLEAN) and len(sent) > 20
    campaign.work()
    for mail in campaign.mails():
        campaign.press(mail.links["confirm"])
    content = download(office, campaign, kind)
    rows = read(content, kind)[1:-1]
    assert len(rows) == len(sent)
    for cell in (cell for row in rows for cell in row if isinstance(cell, str)):
        assert not cell.lstrip(' \u00a0\u3000\ufeff"\u200b').startswith(
            tuple("=+-@\t\r\n%|\uff1d\uff0b\uff0d\uff20")
        ), cell
    names = {str(row[1]) for row in rows}
    for name in CLEAN:
        assert name in names or name.replace("\u00a0", " ") in names, name
    if kind == "xlsx":
        assert not list(formula_cells(content))


def formula_cells(content: bytes) -> Iterator[Any]:
    for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows():  # type: ignore[union-attr]
        for cell in row:
            if cell.data_type not in ("s", "n", "inlineStr") or cell.hyperlink:
                yield cell


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_each_export_is_in_the_chain_before_the_first_byte_leaves(
    office: Office, campaign: Campaign, kind: str
) -> None:
    campaign.signed("ada@example.org")
    campaign.signed("ben@example.org", visibility="counted")
    answer = office.client.post(
        f"/office/petitions/{campaign.id}/export", data={"csrf_token": office.token(), "format": kind}, buffered=False
    )
    (entry,) = entries(campaign.app)
    assert (entry.actor, entry.subject) == ("olga@example.org", campaign.slug)
    assert entry.detail == {"format": kind, "rows": 1, "counted": 1, "withheld": 0}
    answer.close()
    page = office.get("/office/audit")
    assert "The chain is whole." in page and "petition.exported" in page


def test_the_file_travels_with_a_neutral_name_and_into_no_cache(office: Office, campaign: Campaign) -> None:
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    for kind, media_type in (("csv", "text/csv; charset=utf-8"), ("xlsx", sheet)):
        answer = office.post(f"/office/petitions/{campaign.id}/export", format=kind)
        assert answer.headers["Content-Type"] == media_type
        assert re.fullmatch(
            rf'attachment; filename="list-\d+-\d{{4}}-\d\d-\d\d\.{kind}"', answer.headers["Content-Disposition"]
        )
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_of_an_export_stays_behind(office: Office, campaign: Campaign) -> None:
    campaign.signed("ada@example.org", name="Ada Example")
    download(office, campaign, "xlsx")
    drafts = campaign.app.config["UNDERSIGNED"].data / "drafts"
    assert list(drafts.iterdir()) == []


def test_an_unknown_file_type_is_refused_and_not_recorded(office: Office, campaign: Campaign) -> None:
    for wrong in ("exe", "", "../csv"):
        answer = office.post(f"/office/petitions/{campaign.id}/export", format=wrong)
        assert answer.status_code == 422 and "from the list" in answer.text
    assert office.client.get(f"/office/petitions/{campaign.id}/export").status_code == 405
    assert office.client.get(f"/office/petitions/{campaign.id}/export.csv").status_code == 404
    assert office.post("/office/petitions/999/export", format="csv").status_code == 404
    assert entries(campaign.app) == []


def run(app: Flask, *args: str):  # type: ignore[no-untyped-def]
    return app.test_cli_runner().invoke(export, list(args))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_command_writes_the_same_list(office: Office, campaign: Campaign, tmp_path: Path, kind: str) -> None:
    campaign.signed("ada@example.org", name="=Ada Example")
    campaign.signed("cy@example.org", visibility="counted")
    out = tmp_path / "list"
    out.write_text("an earlier list")
    done = run(campaign.app, campaign.slug, "--format", kind, "--out", str(out))
    assert done.exit_code == 0 and str(out) in done.output
    assert read(out.read_bytes(), kind) == read(download(office, campaign, kind), kind)
    assert out.stat().st_mode & 0o777 == 0o600 and [path.name for path in tmp_path.iterdir()] == ["list"]
    assert [entry.actor for entry in entries(campaign.app)] == ["cli", "olga@example.org"]


def test_the_command_for_programs(campaign: Campaign, tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    told = json.loads(run(campaign.app, campaign.slug, "--format", "csv", "--out", str(out), "--json").output)
    assert told == {"petition": campaign.slug, "file": str(out), "bytes": out.stat().st_size}


def test_the_command_says_what_is_wrong_and_records_nothing(campaign: Campaign, tmp_path: Path) -> None:
    out = str(tmp_path / "list.csv")
    for code, args in (
        (1, ["nowhere", "--format", "csv", "--out", out]),
        (2, [campaign.slug, "--format", "exe", "--out", out]),
        (2, [campaign.slug, "--format", "csv"]),
        (2, [campaign.slug, "--format", "csv", "--out", str(tmp_path)]),
        (2, [campaign.slug, "--format", "csv", "--out", str(tmp_path / "no" / "folder" / "x")]),
    ):
        done = run(campaign.app, *args)
        assert done.exit_code == code and "Traceback" not in done.output, args
    assert list(tmp_path.iterdir()) == [] and entries(campaign.app) == []


def test_a_broken_export_leaves_the_earlier_file_alone(campaign: Campaign, tmp_path: Path) -> None:
    campaign.signed("ada@example.org")
    out = tmp_path / "list.csv"
    out.write_text("an earlier list")
    with campaign.app.app_context():
        db.session.execute(update(Signature).values(blob=b"\0" * 256))
        db.session.commit()
    assert run(campaign.app, campaign.slug, "--format", "csv", "--out", str(out)).exit_code == 1
    assert out.read_text() == "an earlier list" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_download_that_is_broken_off_leaves_nothing_open(office: Office, campaign: Campaign, kind: str) -> None:
    campaign.signed("ada@example.org")
    where, form = f"/office/petitions/{campaign.id}/export", {"csrf_token": office.token(), "format": kind}
    first, second = (office.client.post(where, data=form) for _ in range(2))
    next(iter(first.response))
    assert len(read(second.data, kind)) == 3  # two streams of one thread do not meet
    first.close()
    drafts = campaign.app.config["UNDERSIGNED"].data / "drafts"
    assert not drafts.exists() or list(drafts.iterdir()) == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_recipient_is_given_only_those_who_agreed_to_that_recipient(
    office: Office, campaign: Campaign, kind: str
) -> None:
    campaign.signed("ada@example.org", name="Ada Example")
    fields = {"name": "B. Other", "role": "Minister", "organisation": "A Ministry", "country": "KZ", "reason": "Why."}
    assert office.post(f"/office/petitions/{campaign.id}/recipients/new", **fields).status_code == 303
    services.forget()
    campaign.signed("eve@example.org", name="Eve Example")
    rows = read(download(office, campaign, kind), kind)
    assert [row[1] for row in rows[1:]] == ["Eve Example", WITHHELD, COUNTED] and str(rows[2][2]) == "1"
    with campaign.app.app_context():  # fewer recipients than agreed to is no widening
        added = db.session.scalars(select(Recipient.id).order_by(Recipient.id.desc())).first()
    office.post(f"/office/petitions/{campaign.id}/recipients/{added}/remove", reason="Why.")
    rows = read(download(office, campaign, kind), kind)
    assert [row[1] for row in rows[1:]] == ["Ada Example", "Eve Example", COUNTED]
