"""A whole pack on both databases: every hash, the signature, the locks, and that every file tells the same list."""

import hashlib
import io
import json
import logging
from base64 import b64decode
from datetime import date
from pathlib import Path

import pypdf
import pyrage
import pytest
from flask import Flask
from sqlalchemy import select

from core import clock, site_signature
from core.audit import AuditEntry
from core.db import db
from core.jobs import Job
from deliveries import asking
from deliveries.log import leaves
from deliveries.models import Delivery, LinePart
from deliveries.packs import store
from deliveries.seals import MANIFEST
from deliveries.states import DeliveryState, Protection
from petitions import consent, services
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition, Recipient, Signature
from petitions.states import InvitationKind, InvitationState
from tests.deliveries.reading import read
from tests.deliveries.world import Opened, ask, delivery_files, fetched, kept_files, made, opened, row
from tests.factories import make_case, make_petition
from tests.petitions.conftest import Campaign, make_campaign

ALL_FORMATS = ("csv", "xlsx", "ods", "json")
PASSWORD = "correct horse battery"
NAMED = ["Ada Example", "Ben Example", "Дина Пример"]


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return filled(make_campaign(app))


def filled(campaign: Campaign) -> Campaign:
    campaign.signed("ada@example.org", name="Ada Example", country="IE", role="Teacher", affiliation="A school")
    campaign.signed("ben@example.org", name="Ben Example", country="AT", visibility="public")
    campaign.signed("cy@example.org", name="Cy Example", country="SE", visibility="counted")
    campaign.signed("di@example.org", name="Дина Пример", country="DE")
    return campaign


def names(pack: Opened) -> list[str]:
    return [cells[1] for cells in pack.lines()]


def text_of(pdf: bytes) -> str:
    """What its pages say, without the marks that let a long word break."""
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return text.replace("\u200b", "")


def test_every_hash_in_the_manifest_is_right_and_the_site_signed_these_very_bytes(campaign: Campaign) -> None:
    delivery_id, pack = made(campaign, formats=ALL_FORMATS)
    found, raw, told = row(campaign.app, delivery_id), pack.files["manifest.json"], pack.manifest
    assert found.state == DeliveryState.READY and found.manifest is not None and raw == found.manifest.encode()
    assert raw.decode() == json.dumps(told, sort_keys=True, indent=1, ensure_ascii=False)
    key = b64decode(told["key"]["public"])
    assert site_signature.fingerprint(key) == told["key"]["fingerprint"] == found.key_fingerprint
    assert pack.files["manifest.json.sig"] == found.signature
    assert site_signature.verifies(key, MANIFEST, raw, pack.files["manifest.json.sig"])
    assert not site_signature.verifies(key, MANIFEST, raw + b" ", pack.files["manifest.json.sig"])
    listed = {one["name"]: (one["size"], one["sha256"]) for one in told["files"]}
    assert listed == {
        name: (len(content), hashlib.sha256(content).hexdigest())
        for name, content in pack.files.items()
        if not name.startswith("manifest.json")
    }
    tables = [f"signatures.{suffix}" for suffix in ALL_FORMATS]
    sheets = ["README.txt", "letter.pdf", "method.pdf", "annex.pdf"]
    assert sorted(listed) == sorted([*sheets, *tables, "proofs.csv", "checkpoint.txt", "log.bin"])


def test_every_file_is_known_by_its_hash_and_the_pack_itself_comes_first(campaign: Campaign) -> None:
    delivery_id, pack = made(campaign)
    content, stored = fetched(campaign.app, delivery_id), delivery_files(campaign.app, delivery_id)
    found = row(campaign.app, delivery_id)
    assert stored[0].name == f"{found.public_id}.zip" and stored[0].media_type == "application/zip"
    assert (stored[0].size, stored[0].digest) == (len(content), hashlib.sha256(content).digest())
    assert {one.name: one.digest for one in stored[1:]} == {
        name: hashlib.sha256(inner).digest() for name, inner in pack.files.items()
    }


def test_the_manifest_says_what_the_delivery_is(campaign: Campaign) -> None:
    wishes = {
        "purpose": "To be read in plenary",
        "delete_by": date(2031, 1, 31),
        "columns": ("number", "name", "country"),
    }
    delivery_id, pack = made(campaign, **wishes)
    found, told = row(campaign.app, delivery_id), pack.manifest
    assert (told["version"], told["delivery"]) == ("undersigned/manifest/v1", found.public_id)
    assert told["check"] == f"http://localhost/deliveries/{found.public_id}" and told["site"] == "http://localhost"
    assert (
        (told["lines"], told["counted"], told["withheld"]) == (3, 1, 0) == (found.lines, found.counted, found.withheld)
    )
    assert told["recipient"]["name"] == "A. Recipient" and told["language"] == "en"
    assert told["columns"] == ["number", "name", "country"]
    assert told["filters"] == {"countries": [], "since": None, "notable_first": True, "count_only": False}
    assert (told["purpose"], told["delete_by"]) == ("To be read in plenary", "2031-01-31")
    assert told["made_at"] == (found.made_at and found.made_at.isoformat())
    with campaign.app.app_context():
        digests = set(db.session.scalars(select(Signature.consent_digest).where(Signature.visibility != "counted")))
        texts = db.session.scalars(select(ConsentText).where(ConsentText.digest.in_(digests))).all()
        assert {(one["digest"], one["version"], one["language"]) for one in told["texts"]} == {
            (text.digest, text.version, text.language) for text in texts
        }


def test_each_file_carries_its_own_document_number(campaign: Campaign) -> None:
    _id, pack = made(campaign, formats=ALL_FORMATS)
    numbers = {one["name"]: one["document"] for one in pack.manifest["files"] if one["document"]}
    assert len(set(numbers.values())) == len(numbers) == 9
    assert all(len(bytes.fromhex(number)) == 16 for number in numbers.values())
    assert numbers["README.txt"] in pack.files["README.txt"].decode().splitlines()[-1]
    assert numbers["proofs.csv"] in pack.table("proofs.csv")[-1]
    for suffix in ALL_FORMATS:
        name = f"signatures.{suffix}"
        assert numbers[name] in read(pack.files[name], suffix)[-1][1]
    for name in ("letter.pdf", "method.pdf", "annex.pdf"):
        assert numbers[name] in text_of(pack.files[name]).replace("\n", ""), name


def test_every_format_has_the_same_lines(campaign: Campaign) -> None:
    _id, pack = made(campaign, formats=ALL_FORMATS)
    first = [[str(cell) for cell in cells] for cells in read(pack.files["signatures.csv"], "csv")]
    assert [cells[1] for cells in first[1:4]] == NAMED and [cells[0] for cells in first[1:4]] == ["1", "2", "3"]
    for suffix in ALL_FORMATS[1:]:
        cells = [[str(cell) for cell in line] for line in read(pack.files[f"signatures.{suffix}"], suffix)]
        assert cells[:-1] == first[:-1], suffix  # the last row is the file's own number
    annex = text_of(pack.files["annex.pdf"])
    assert [name for name in NAMED if name in annex] == NAMED
    assert "1" in first[-2][1] and first[-2][1].startswith("Signed as well")


def test_nobody_and_nothing_without_consent_is_in_any_file(campaign: Campaign) -> None:
    _id, pack = made(campaign, formats=ALL_FORMATS, columns=("number", "name"))
    shown = pack.files["signatures.csv"].decode() + pack.files["signatures.json"].decode()
    shown += "".join(text_of(content) for name, content in pack.files.items() if name.endswith(".pdf"))
    shown += "".join(str(read(pack.files[f"signatures.{suffix}"], suffix)) for suffix in ("xlsx", "ods"))
    assert "Ada Example" in shown
    for absent in ("Cy Example", "Sweden", "@example.org", "Teacher", "A school"):
        assert absent not in shown, absent
    assert "Teacher" not in pack.files["proofs.csv"].decode()


def test_who_agreed_to_another_recipient_is_a_number_only(campaign: Campaign) -> None:
    with campaign.app.app_context():
        add_recipient(services.get(campaign.id))
    campaign.signed("eve@example.org", name="Eve Example")
    _id, pack = made(campaign)
    assert names(pack) == ["Eve Example"] and pack.manifest["withheld"] == 3
    assert any("other recipients" in cells[1] and "3" in cells[1] for cells in pack.table())


def add_recipient(petition: Petition) -> None:
    """Another recipient, as the office stores one."""
    petition.recipients.append(Recipient(position=1, name="B. Other", role="Minister", country="KZ"))
    db.session.flush()
    consent.record(petition)
    db.session.commit()
    services.forget()


def test_who_withdraws_after_it_was_asked_for_is_not_on_the_list(campaign: Campaign) -> None:
    delivery_id = ask(campaign)
    campaign.press(campaign.mails("ben@example.org")[-1].links["withdraw"])
    campaign.work()
    pack = opened(fetched(campaign.app, delivery_id))
    assert names(pack) == ["Ada Example", "Дина Пример"]


def test_who_signs_after_it_was_asked_for_is_on_the_list_and_in_the_log(campaign: Campaign) -> None:
    delivery_id = ask(campaign)
    campaign.signed("eve@example.org", name="Eve Example")
    pack = opened(fetched(campaign.app, delivery_id))
    assert len(names(pack)) in (3, 4)  # made while she confirmed, or after
    assert_in_log(campaign, pack)


def leaves_in(pack: Opened) -> set[bytes]:
    log = pack.files["log.bin"]
    assert len(log) % leaves.LEAF == 0
    return {log[start : start + leaves.LEAF] for start in range(0, len(log), leaves.LEAF)}


def assert_in_log(campaign: Campaign, pack: Opened) -> None:
    """Each line is found in the log by its proof, from the pack alone, as an official's program does it."""
    told, proofs = pack.manifest, pack.table("proofs.csv")
    header, logged, found = proofs[0], leaves_in(pack), 0
    columns = told["columns"]
    for cells in proofs[1:-1]:
        given = dict(zip(header, cells, strict=True))
        line = dict(zip(columns, pack.lines()[int(given["number"]) - 1], strict=True))
        bound = leaves.Bound(told["petition"]["public_id"], given["id"], given["text"])
        if "secret" in given:
            secret = bytes.fromhex(given["secret"])
            key, marks = leaves.leaf_key(secret), leaves.marks_of(secret, [line[name] for name in leaves.LOGGED])
        else:
            key = bytes.fromhex(given["leaf"])
            raw = {name: bytes.fromhex(given[name]) for name in leaves.LOGGED}
            marks = [leaves.mark(raw[name], line[name]) if name in line else raw[name] for name in leaves.LOGGED]
        assert leaves.leaf(key, bound, marks) in logged
        found += 1
    assert found == told["lines"] == len(pack.lines())


@pytest.mark.parametrize(
    "columns", [("number", "name", "role", "affiliation", "country_code", "signed_on"), ("number", "name")]
)
def test_each_line_is_found_in_the_log_whatever_columns_it_shows(campaign: Campaign, columns: tuple[str, ...]) -> None:
    _id, pack = made(campaign, columns=columns)
    assert_in_log(campaign, pack)
    told = pack.manifest["log"]
    assert told["size"] * leaves.LEAF == len(pack.files["log.bin"])
    assert told["sha256"] == hashlib.sha256(pack.files["log.bin"]).hexdigest()
    assert told["note"].encode() == pack.files["checkpoint.txt"]
    origin = told["note"].splitlines()[0]
    note = site_signature.note_text(told["note"], origin, b64decode(pack.manifest["key"]["public"]))
    assert note is not None and note.splitlines()[1] == str(told["size"])


def test_the_row_knows_whose_signature_stands_on_which_line(campaign: Campaign) -> None:
    delivery_id, pack = made(campaign)
    with campaign.app.app_context():
        part = db.session.get_one(LinePart, (delivery_id, 1)).signature_ids
        ids = [int.from_bytes(part[start : start + 8], "big") for start in range(0, len(part), 8)]
        public = dict(db.session.execute(select(Signature.id, Signature.public_id)).all())  # type: ignore[arg-type]
        assert db.session.get_one(Delivery, delivery_id).last_signature_id == max(ids)
    assert [public[one] for one in ids] == [cells[1] for cells in pack.table("proofs.csv")[1:-1]]


def test_a_list_by_country_and_one_that_goes_on_from_an_earlier_one(campaign: Campaign) -> None:
    first_id, pack = made(campaign, countries=("IE", "DE"))
    assert names(pack) == ["Ada Example", "Дина Пример"] and pack.manifest["filters"]["countries"] == ["DE", "IE"]
    campaign.signed("eve@example.org", name="Eve Example")
    with campaign.app.app_context():
        first = db.session.get_one(Delivery, first_id)
    _id, pack = made(campaign, since=first)
    assert names(pack) == ["Eve Example"] and pack.manifest["filters"]["since"] == first.public_id


@pytest.mark.parametrize("first", [True, False])
def test_notable_people_come_first_where_that_is_wished(campaign: Campaign, first: bool) -> None:
    with campaign.app.app_context():
        *_, last = signed = db.session.scalars(select(Signature).order_by(Signature.id)).all()
        known = {"kind": InvitationKind.NOTABLE, "state": InvitationState.APPROVED, "approved_at": clock.now()}
        theirs = {"public_id": last.public_id, "signature_id": last.id, "petition_id": campaign.id}
        db.session.add(Invitation(**known, **theirs))
        first_id, last_id = signed[0].id, last.id
        db.session.commit()
    delivery_id, pack = made(campaign, notable_first=first)
    assert names(pack) == (["Дина Пример", *NAMED[:2]] if first else NAMED)
    assert [cells[0] for cells in pack.lines()] == ["1", "2", "3"]
    assert_in_log(campaign, pack)
    with campaign.app.app_context():
        part = db.session.get_one(LinePart, (delivery_id, 1)).signature_ids
        assert int.from_bytes(part[:8], "big") == (last_id if first else first_id)


def test_numbers_only(campaign: Campaign) -> None:
    _id, pack = made(campaign, count_only=True, formats=ALL_FORMATS)
    told = pack.manifest
    assert set(pack.files) == {
        "README.txt", "letter.pdf", "method.pdf", "checkpoint.txt", "manifest.json", "manifest.json.sig",
    }  # fmt: skip
    assert (told["lines"], told["counted"], told["columns"], told["texts"]) == (3, 1, [], [])
    assert b"Ada" not in b"".join(pack.files.values())
    with campaign.app.app_context():
        assert db.session.scalar(select(LinePart.first)) is None


def test_a_pack_with_a_password_opens_with_it_only(campaign: Campaign) -> None:
    delivery_id, pack = made(campaign, protection=Protection.PASSWORD, password=PASSWORD)
    assert names(pack) == NAMED
    content = fetched(campaign.app, delivery_id)
    for wrong in ("", "correct horse batterz"):
        with pytest.raises(RuntimeError):
            opened(content, wrong)
    with campaign.app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        assert PASSWORD.encode() not in (found.blob or b"")


def test_a_pack_to_an_age_key_opens_with_that_key_only(campaign: Campaign) -> None:
    owner, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    delivery_id = ask(campaign, protection=Protection.AGE, age_recipient=str(owner.to_public()))
    campaign.work()
    content = fetched(campaign.app, delivery_id)
    assert names(opened(pyrage.decrypt(content, [owner]))) == NAMED
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(content, [other])
    whole = delivery_files(campaign.app, delivery_id)[0]
    assert whole.name.endswith(".zip.age") and whole.digest == hashlib.sha256(content).digest()
    assert kept_files(campaign.app) == [stored_name(campaign.app, delivery_id)]


def stored_name(app: Flask, delivery_id: int) -> str:
    with app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        return store.path_of(found.public_id, str(found.manifest)).name


def test_in_a_dangerous_case_the_cover_sheet_alone_tells_the_code(app: Flask) -> None:
    with app.app_context():
        petition = make_petition(make_case(dangerous=True))
        campaign = Campaign(app, petition.id, petition.slug)
    campaign.signed("ada@example.org", name="Ada Example")
    delivery_id, pack = made(campaign)
    with app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        code = asking.unseal(found)["cover_code"]
        assert found.cover_code_digest == hashlib.sha256(code.encode()).digest()
    assert len(code) == 12 and set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    groups = f"{code[:4]} {code[4:8]} {code[8:]}"
    assert groups in text_of(pack.files["letter.pdf"])
    for name, content in pack.files.items():
        shown = text_of(content) if name.endswith(".pdf") else content.decode(errors="ignore")
        assert name == "letter.pdf" or not {groups, code} & {*shown.split("\n"), shown}, name


def test_no_name_is_in_a_log_a_file_name_or_a_job(
    campaign: Campaign, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(logging.DEBUG):
        delivery_id, _pack = made(campaign, formats=ALL_FORMATS)
    with campaign.app.app_context():
        jobs = [f"{job.key} {job.args} {job.last_error}" for job in db.session.scalars(select(Job).order_by(Job.id))]
        audit = str([one.detail for one in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))])
    where = "\n".join([caplog.text, *jobs, audit, *kept_files(campaign.app)])
    assert f"deliver:{row(campaign.app, delivery_id).public_id}" in where
    for person in ("Ada", "Ben Example", "Дина", "ada@example"):
        assert person not in where, person
