"""Handing over: who is on the list, who is only counted, and that no cell can run."""

import getpass
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select, update

import organisers
from core import clock
from core.audit import AuditEntry
from core.db import db
from deliveries import services as deliveries
from deliveries.formats import FORMATS
from deliveries.streams import in_own_context
from petitions import services
from petitions.models import Recipient, Signature
from tests.deliveries.exporting import exported, run
from tests.deliveries.reading import read
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import Campaign, make_campaign

KINDS = sorted(FORMATS)
SPREADSHEETS = ["csv", "ods", "xlsx"]
HEADER = ["No.", "Name", "Role", "Organisation", "Country", "Country code", "Signed on"]
REST = [""] * 4
WITHHELD = "Signed while the letter went to other recipients, not named here:"
COUNTED = "Signed as well, to be counted without a name:"


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


@pytest.fixture
def office(app: Flask) -> Office:
    return enter(app)


def written(campaign: Campaign, kind: str) -> bytes:
    return exported(campaign.app, campaign.slug, kind)


def entries(app: Flask) -> list[AuditEntry]:
    with app.app_context():
        return list(
            db.session.scalars(select(AuditEntry).where(AuditEntry.act == "petition.exported").order_by(AuditEntry.id))
        )


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_has_those_who_agreed_and_a_number_for_the_others(campaign: Campaign, kind: str) -> None:
    more = {"postal_code": "D01 X2X2", "comment": "A comment of mine"}
    campaign.signed("ada@example.org", name="Ada Example", country="IE", role="Teacher", affiliation="A school", **more)
    campaign.signed("ben@example.org", name="Ben Example", country="AT", visibility="public", role="Nurse", **more)
    campaign.signed(
        "cy@example.org", name="Cy Example", country="SE", visibility="counted", affiliation="A union", **more
    )
    campaign.signed("di@example.org", name="Дина Пример", country="DE", **more)
    campaign.sign("never@example.org", name="Never Confirmed", **more)
    content = written(campaign, kind)
    today = clock.now().date().isoformat()
    rows = [[str(cell) for cell in row] for row in read(content, kind)]
    assert rows == [
        HEADER,
        ["1", "Ada Example", "Teacher", "A school", "Ireland", "IE", today],
        ["2", "Ben Example", "Nurse", "", "Austria", "AT", today],
        ["3", "Дина Пример", "", "", "Germany", "DE", today],
        ["", COUNTED, "1", *REST],
    ]
    text = "\n".join(" ".join(row) for row in rows)
    for absent in ("@example.org", "D01", "comment", "Cy", "union", "Sweden", "Never"):
        assert absent not in text, absent


@pytest.mark.parametrize("kind", KINDS)
def test_who_left_or_whose_data_has_gone_is_not_on_the_list(campaign: Campaign, kind: str) -> None:
    for person in ("ada", "ben", "cy"):
        campaign.signed(f"{person}@example.org", name=f"{person.title()} Example")
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    with campaign.app.app_context():
        last = db.session.scalar(select(Signature.id).order_by(Signature.id.desc()).limit(1))
        db.session.execute(update(Signature).where(Signature.id == last).values(cleared_at=clock.now()))
        db.session.commit()
    assert [row[1] for row in read(written(campaign, kind), kind)] == ["Name", "Ben Example", COUNTED]


def test_the_day_of_signing_is_that_of_the_petitions_time_zone(app: Flask) -> None:
    campaign = make_campaign(app, time_zone="Asia/Almaty")
    campaign.signed("ada@example.org")
    with app.app_context():
        db.session.execute(update(Signature).values(signed_at=datetime(2026, 5, 6, 22, tzinfo=UTC)))
        db.session.commit()
    assert read(written(campaign, "csv"), "csv")[1][6] == "2026-05-07"


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_list_says_so(campaign: Campaign, kind: str) -> None:
    rows = [[str(cell) for cell in row] for row in read(written(campaign, kind), kind)]
    assert rows == [HEADER, ["", COUNTED, "0", *REST]]


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


@pytest.mark.parametrize("kind", SPREADSHEETS)
def test_no_cell_of_a_signatory_can_run_and_clean_names_are_as_typed(campaign: Campaign, kind: str) -> None:
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
    content = written(campaign, kind)
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


@pytest.mark.parametrize("kind", KINDS)
def test_each_export_is_in_the_chain_before_the_first_byte_leaves(
    office: Office, campaign: Campaign, kind: str
) -> None:
    campaign.signed("ada@example.org")
    campaign.signed("ben@example.org", visibility="counted")
    with campaign.app.app_context():
        chunks = deliveries.export(services.get(campaign.id), kind, actor="cli")
        db.session.commit()
    (entry,) = entries(campaign.app)
    assert (entry.actor, entry.subject) == ("cli", campaign.slug)
    assert entry.detail == {"format": kind, "rows": 1, "counted": 1, "withheld": 0}
    del chunks  # nobody has asked for a byte
    page = office.get("/office/audit")
    assert "The chain is whole." in page and "petition.exported" in page


def test_nothing_of_an_export_stays_behind(campaign: Campaign) -> None:
    campaign.signed("ada@example.org", name="Ada Example")
    written(campaign, "xlsx")
    drafts = campaign.app.config["UNDERSIGNED"].data / "drafts"
    assert list(drafts.iterdir()) == []


def test_no_page_of_the_office_gives_a_list_without_a_delivery(office: Office, campaign: Campaign) -> None:
    for path in (f"/office/petitions/{campaign.id}/export", f"/office/petitions/{campaign.id}/export.csv"):
        assert office.client.get(path).status_code == office.post(path, format="csv").status_code == 404
    assert entries(campaign.app) == []


FILES_OF_THE_OFFICE = {  # what each gives, and why it is no list of who signed
    "books/views.py": "gifts of a payout or a month: donors, not signatories",
    "tax/views.py": "tax receipts of a year: donors, not signatories",
    "imports/views.py": "numbers of the lines of a file that stayed out, and why: no cell of them",
    "moderation/comment_views.py": "messages to the person held, shown to everybody with the names of who wrote them",
    "deliveries/deciding_views.py": "a delivery's pack",
    "record/views.py": "papers that came back from officials, and the numbers of lines that were taken back",
}


def test_the_office_hands_out_no_other_files_than_these() -> None:
    rooms = Path(organisers.__file__).parent
    gives = {str(path.relative_to(rooms)) for path in rooms.rglob("*.py") if "Content-Disposition" in path.read_text()}
    assert gives == FILES_OF_THE_OFFICE.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_writes_a_list_that_only_its_owner_can_read(campaign: Campaign, tmp_path: Path, kind: str) -> None:
    campaign.signed("ada@example.org", name="=Ada Example")
    campaign.signed("cy@example.org", visibility="counted")
    out = tmp_path / "list"
    out.write_text("an earlier list")
    done = run(campaign.app, campaign.slug, "--format", kind, "--out", str(out))
    assert done.exit_code == 0 and str(out) in done.output
    assert [row[1] for row in read(out.read_bytes(), kind)][2:] == [COUNTED]
    assert out.stat().st_mode & 0o777 == 0o600 and [path.name for path in tmp_path.iterdir()] == ["list"]
    assert [entry.actor for entry in entries(campaign.app)] == [f"cli:{getpass.getuser()}"]


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


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_is_broken_off_leaves_nothing_open(campaign: Campaign, kind: str) -> None:
    campaign.signed("ada@example.org")
    with campaign.app.app_context():
        petition = services.get(campaign.id)
        lists = [in_own_context(deliveries.export(petition, kind, actor="cli")) for _ in range(2)]
        db.session.commit()
    next(lists[0])
    assert len(read(b"".join(lists[1]), kind)) == 3  # two streams of one thread do not meet
    lists.pop(0).close()  # type: ignore[attr-defined]
    drafts = campaign.app.config["UNDERSIGNED"].data / "drafts"
    assert not drafts.exists() or list(drafts.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipient_is_given_only_those_who_agreed_to_that_recipient(
    office: Office, campaign: Campaign, kind: str
) -> None:
    campaign.signed("ada@example.org", name="Ada Example")
    fields = {"name": "B. Other", "role": "Minister", "organisation": "A Ministry", "country": "KZ", "reason": "Why."}
    assert office.post(f"/office/petitions/{campaign.id}/recipients/new", **fields).status_code == 303
    services.forget()
    campaign.signed("eve@example.org", name="Eve Example")
    rows = read(written(campaign, kind), kind)
    assert [row[1] for row in rows[1:]] == ["Eve Example", WITHHELD, COUNTED] and str(rows[2][2]) == "1"
    with campaign.app.app_context():  # fewer recipients than agreed to is no widening
        added = db.session.scalars(select(Recipient.id).order_by(Recipient.id.desc())).first()
    office.post(f"/office/petitions/{campaign.id}/recipients/{added}/remove", reason="Why.")
    rows = read(written(campaign, kind), kind)
    assert [row[1] for row in rows[1:]] == ["Ada Example", "Eve Example", COUNTED]
