"""The check page: which delivery a file belongs to, and that of a dangerous case nothing is said without the code."""

import hashlib
import io
import re
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cases.models import Case
from core import clock, site_signature
from core.db import db
from core.vault import vault
from deliveries.asking import new_public_id
from deliveries.models import Delivery
from deliveries.seals import MANIFEST
from deliveries.states import DeliveryState
from petitions import services
from petitions.models import Petition
from petitions.states import PetitionState
from petitions.versions import translations
from tests.conftest import app_for_this_test
from tests.deliveries.factory import CSV, make_delivery
from tests.factories import make_case, make_petition

CODE = "ABCD-2345-WXYZ"
GENUINE, UNKNOWN = "The file is genuine", "We know of no such file"
ONE_FILE = "one file of at most 16 MB"


class Checker:
    """Somebody who checks, and what the petition's case is."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client()
        with app.app_context():
            petition = make_petition(make_case(slug="a-case"), slug="a-petition", title="Release them")
            self.petition_id, self.case_id = petition.id, petition.case_id

    def deliver(self, files: dict[str, bytes] | None = None, **fields: Any) -> str:
        return make_delivery(self.app, self.petition_id, files, **fields)

    def endanger(self, **values: Any) -> None:
        self.change(Case, self.case_id, **{"dangerous": True, **values})

    def change(self, table: type, row_id: int, **values: Any) -> None:
        with self.app.app_context():
            row = db.session.get_one(table, row_id)
            for name, value in values.items():
                setattr(row, name, value)
            db.session.commit()

    def look(self, public_id: str, status: int = 200, prefix: str = "") -> str:
        answer = self.client.get(f"{prefix}/deliveries/{public_id}?fresh")
        assert answer.status_code == status
        return answer.text

    def check(self, content: bytes | None = CSV, *, status: int = 200, name: str = "list.csv", **fields: str) -> str:
        answer = self.post(content, name=name, **fields)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, content: bytes | None = None, *, name: str = "list.csv", **fields: str) -> TestResponse:
        form: dict[str, Any] = dict(fields)
        if content is not None:
            form["file"] = (io.BytesIO(content), name)
        return self.client.post("/deliveries/check", data=form, content_type="multipart/form-data")

    def raw(self, body: bytes, content_type: str = "multipart/form-data; boundary=x", **environ: Any) -> TestResponse:
        return self.client.post("/deliveries/check", data=body, content_type=content_type, environ_overrides=environ)


@pytest.fixture
def checker(app: Flask) -> Checker:
    return Checker(app)


def digest_of_code() -> bytes:
    return hashlib.sha256(b"ABCD2345WXYZ").digest()


def part(content: bytes, name: str = "file", filename: str = "a.csv") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def test_an_own_file_is_found_and_the_page_says_of_which_delivery(checker: Checker) -> None:
    public_id = checker.deliver(lines=1234)
    page = checker.check()
    assert GENUINE in page and "signatures.csv" in page and public_id in page
    assert "A. Recipient, Secretary, An Office" in page and "1,234" in page and "Release them" in page
    with checker.app.app_context():
        assert site_signature.in_groups(site_signature.fingerprint(vault().site_public_key)) in page
    assert "hashed as it arrived, and not kept" in page


def test_the_hash_alone_is_enough_and_may_be_sent_as_a_plain_form(checker: Checker) -> None:
    checker.deliver()
    digest = hashlib.sha256(CSV).hexdigest()
    for answer in (
        checker.post(sha256=digest.upper()),
        checker.raw(f"sha256={digest}".encode(), "application/x-www-form-urlencoded"),
    ):
        assert GENUINE in answer.text and "did not leave your machine" in answer.text


def test_a_file_that_came_whole_is_believed_and_not_the_hash_beside_it(checker: Checker) -> None:
    checker.deliver()
    assert UNKNOWN in checker.check(b"another", sha256=hashlib.sha256(CSV).hexdigest())


def test_one_changed_byte_makes_it_unknown_and_the_page_says_what_to_do(checker: Checker) -> None:
    public_id = checker.deliver()
    page = checker.check(CSV + b"\n", delivery=public_id)
    assert UNKNOWN in page and GENUINE not in page and "as you received it" in page
    assert "A. Recipient" in page, "the page that it was asked from is still there"


def test_the_manifest_and_its_signature_are_files_of_the_pack_too(checker: Checker) -> None:
    public_id = checker.deliver()
    for name in ("manifest.json", "manifest.json.sig"):
        content = checker.client.get(f"/deliveries/{public_id}/{name}").data
        page = checker.check(content, delivery=public_id)
        assert GENUINE in page and f"“{name}”" in page


def test_a_file_of_another_delivery_says_so(checker: Checker) -> None:
    first, second = checker.deliver({"a.csv": b"first"}), checker.deliver({"b.csv": b"second"})
    page = checker.check(b"second", delivery=first)
    assert second in page and first not in page and "another delivery than the one" in page


def test_the_manifest_is_served_in_its_exact_bytes_and_its_signature_verifies(checker: Checker) -> None:
    public_id = checker.deliver()
    manifest = checker.client.get(f"/deliveries/{public_id}/manifest.json")
    signature = checker.client.get(f"/deliveries/{public_id}/manifest.json.sig")
    with checker.app.app_context():
        found = db.session.query(Delivery).one()
        assert manifest.data == (found.manifest or "").encode()
        assert site_signature.verifies(site_signature.public_key(), MANIFEST, manifest.data, signature.data)
    assert manifest.mimetype == "application/json" and len(signature.data) == 64


def test_a_manifest_that_names_the_petition_as_it_is_called_no_more_is_kept_back(checker: Checker) -> None:
    said = '{"petition": {"title": "Release them", "slug": "a-petition"}, "purpose": "For Zarina"}'
    public_id = checker.deliver(purpose="For Zarina")
    with checker.app.app_context():
        found = db.session.query(Delivery).one()
        found.manifest, delivery_id = said, found.id
        db.session.commit()
    path = f"/deliveries/{public_id}/manifest.json"
    asked = {"before": checker.client.get(f"{path}?1").status_code}
    for name, (table, row, changed, back) in {
        "title": (Petition, checker.petition_id, {"title": "Release Z."}, {"title": "Release them"}),
        "slug": (Petition, checker.petition_id, {"slug": "another"}, {"slug": "a-petition"}),
        "purpose": (Delivery, delivery_id, {"purpose": "For Z."}, {"purpose": "For Zarina"}),
        "blur": (Case, checker.case_id, {"blurred_at": clock.now()}, {"blurred_at": None}),
    }.items():
        checker.change(table, row, **changed)
        asked[name] = checker.client.get(f"{path}?2").status_code
        assert public_id in checker.look(public_id), "the page itself goes on"
        checker.change(table, row, **back)
    assert asked == {"before": 200, "title": 404, "slug": 404, "purpose": 404, "blur": 404}


def test_a_manifest_in_a_translation_is_served_while_that_stands(checker: Checker) -> None:
    public_id = checker.deliver()
    with checker.app.app_context():
        petition = services.get(checker.petition_id)
        translations.write(petition, "de", actor="olga@example.org", title="Freiheit", ask="a", letter="b")
        db.session.query(Delivery).one().manifest = '{"petition": {"title": "Freiheit", "slug": "a-petition"}}'
        db.session.commit()
    assert checker.client.get(f"/deliveries/{public_id}/manifest.json").status_code == 200
    assert "Freiheit" in checker.look(public_id, prefix="/de")
    assert "Release them" in checker.look(public_id, prefix="/fr"), "a language without a translation: its own words"
    checker.look(public_id, 404, prefix="/nowhere")


def test_an_expired_pack_can_still_be_checked_and_the_reply_is_shown(checker: Checker) -> None:
    public_id = checker.deliver(
        state=DeliveryState.EXPIRED, reply="We have *noted* it.", replied_on=date(2026, 5, 6), handed_on=date(2026, 4, 2)
    )  # fmt: skip
    page = checker.check()
    assert GENUINE in page and "can still be checked" in page
    assert "<em>noted</em>" in page and "6 May 2026" in page and "2 April 2026" in page
    assert "can still be checked" in checker.look(public_id)


@pytest.mark.parametrize("state", sorted(set(DeliveryState) - {DeliveryState.READY, DeliveryState.EXPIRED}))
def test_what_was_never_finished_is_not_known(checker: Checker, state: DeliveryState) -> None:
    public_id = checker.deliver(state=state)
    assert UNKNOWN in checker.check()
    assert checker.look(public_id).replace(public_id, "") == nothing(checker)


def nothing(checker: Checker) -> str:
    """The page of an address that was never given out, without the address."""
    unknown = new_public_id()
    return checker.look(unknown).replace(unknown, "")


def answers(checker: Checker, public_id: str) -> list[str]:
    """Everything that can be asked about a delivery without its right code, without its address."""
    digest = hashlib.sha256(CSV).hexdigest()
    asked = [
        checker.look(public_id), checker.check(delivery=public_id), checker.check(delivery=public_id, code="WRONG"),
        checker.check(None, delivery=public_id, sha256=digest), checker.check(None, delivery=public_id, code="WRONG"),
        checker.check(code="WRONG"), checker.check(None, sha256=digest), checker.look(public_id, prefix="/de"),
        checker.client.get(f"/deliveries/{public_id}/manifest.json?fresh").text,
        checker.client.post(f"/deliveries/{public_id}/manifest.json", data={"code": "WRONG"}).text,
        checker.client.post(f"/deliveries/{public_id}/manifest.json.sig").data.decode("latin-1"),
    ]  # fmt: skip
    return [page.replace(public_id, "") for page in asked]


def test_of_a_dangerous_case_nothing_is_said_that_is_not_said_of_an_unknown_address(checker: Checker) -> None:
    public_id = checker.deliver(cover_code_digest=digest_of_code())
    assert GENUINE in answers(checker, public_id)[1]
    checker.endanger()
    of_ours, of_none = answers(checker, public_id), answers(checker, new_public_id())
    assert of_ours == of_none
    assert all("A. Recipient" not in page and "Release them" not in page for page in of_ours)


@pytest.mark.parametrize("typed", [CODE, "abcd 2345 wxyz", "ABCD2345WXYZ", "abcd–2345–wxyz "])
def test_the_code_opens_it_however_it_is_typed(checker: Checker, typed: str) -> None:
    public_id = checker.deliver(cover_code_digest=digest_of_code())
    checker.endanger()
    for page in (checker.check(delivery=public_id, code=typed), checker.check(code=typed)):
        assert GENUINE in page and "A. Recipient" in page and public_id in page
    assert "The code is right" in checker.check(None, delivery=public_id, code=typed)
    saved = checker.client.post(f"/deliveries/{public_id}/manifest.json", data={"code": typed})
    assert saved.data.startswith(b"{") and "attachment" in saved.headers["Content-Disposition"]
    assert saved.headers["Cache-Control"] == "no-store"
    assert checker.client.get(f"/deliveries/{public_id}/manifest.json").status_code == 404


def test_a_delivery_without_a_code_is_opened_by_none(checker: Checker) -> None:
    public_id = checker.deliver()
    checker.endanger()
    for code in ("", " ", "-", "0" * 64, CODE):
        assert "A. Recipient" not in checker.check(delivery=public_id, code=code)


@pytest.mark.parametrize("hide", ["freeze", "draft case", "draft petition"])
def test_what_cannot_be_seen_is_not_confirmed_either_even_by_its_code(checker: Checker, hide: str) -> None:
    public_id = checker.deliver(cover_code_digest=digest_of_code())
    changes: dict[str, tuple[type, int, dict[str, Any]]] = {
        "freeze": (Case, checker.case_id, {"frozen_at": clock.now()}),
        "draft case": (Case, checker.case_id, {"status": "draft"}),
        "draft petition": (Petition, checker.petition_id, {"state": PetitionState.DRAFT}),
    }
    table, row, values = changes[hide]
    checker.change(table, row, **values)
    assert answers(checker, public_id) == answers(checker, new_public_id())
    assert "A. Recipient" not in checker.check(delivery=public_id, code=CODE)


def test_a_blurred_case_shows_initials_in_title_and_reply(checker: Checker) -> None:
    public_id = checker.deliver(reply="About Zarina Testova: no.", replied_on=date(2026, 5, 6))
    with checker.app.app_context():
        case = db.session.get_one(Case, checker.case_id)
        case.people[0].name, case.blurred_at = "Zarina Testova", clock.now()
        services.get(checker.petition_id).title = "Free Zarina Testova"
        db.session.commit()
    for page in (checker.look(public_id), checker.check()):
        assert "Z. T." in page and "Testova" not in page


def test_the_petitions_page_lists_them_but_not_those_of_a_dangerous_case(checker: Checker) -> None:
    assert "Lists for the recipients" not in checker.client.get("/petitions/a-petition?1").text
    older, newer = checker.deliver({"a": b"a"}), checker.deliver({"b": b"b"}, lines=2)
    waiting = checker.deliver({"c": b"c"}, state=DeliveryState.MAKING)
    page = checker.client.get("/petitions/a-petition?2").text
    assert page.index(newer) < page.index(older) and "2 lines" in page and waiting not in page
    assert checker.client.get(re.search(rf'href="(\S+{newer})"', page)[1]).status_code == 200  # type: ignore[index]
    checker.endanger()
    assert newer not in checker.client.get("/petitions/a-petition?3").text


def test_an_address_that_is_not_one_of_ours_is_not_found(checker: Checker) -> None:
    for public_id in ("x" * 21, "d" + "a" * 19, "d" + "a" * 21, "d" + "а" * 20, "manifest"):
        checker.look(public_id, 404)


def bad_bodies() -> Iterator[tuple[str, bytes, str]]:
    whole = part(CSV)
    yield "Send one file at a time", whole + whole + b"--x--\r\n", ""
    yield "field that this form does not have", part(CSV, name="list") + b"--x--\r\n", ""
    yield "did not arrive whole", whole, ""
    yield "did not arrive whole", whole[:-20], ""
    yield "did not arrive whole", b"no boundary", "multipart/form-data"
    yield "Choose the file", part(b"", filename="") + b"--x--\r\n", ""
    yield "Choose the file", b"", "application/x-www-form-urlencoded"
    yield "Choose the file", b"{}", "application/json"
    yield "Choose the file", b"", ""
    yield "64 digits", b"sha256=abc", "application/x-www-form-urlencoded"
    yield "64 digits", b"sha256=" + b"%D9%A3" * 64, "application/x-www-form-urlencoded"
    yield "Choose the file", b"code=ABC&delivery=", "application/x-www-form-urlencoded"


def test_what_cannot_be_checked_is_a_422_with_a_sentence(checker: Checker) -> None:
    wrong = []
    for sentence, body, content_type in bad_bodies():
        answer = checker.raw(body, content_type or "multipart/form-data; boundary=x")
        if answer.status_code != 422 or sentence not in answer.text:
            wrong.append((sentence, body[:50], answer.status_code))
    assert wrong == []


def test_a_body_that_breaks_off_is_a_422(checker: Checker) -> None:
    answer = checker.raw(part(CSV), CONTENT_LENGTH="5000")
    assert answer.status_code == 422 and "did not arrive whole" in answer.text


def test_a_refused_form_keeps_the_code_and_whose_page_it_was(checker: Checker) -> None:
    public_id = checker.deliver(cover_code_digest=digest_of_code())
    checker.endanger()
    page = checker.check(None, status=422, sha256="abc", delivery=public_id, code="ABCD 2345")
    assert f'value="{public_id}"' in page and 'value="ABCD 2345"' in page and "Error:" in page


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_of_16_MB_is_taken_and_a_larger_one_is_told_what_to_do(checker: Checker, chunked: bool) -> None:
    content = bytes(16 * 1024 * 1024)
    checker.deliver({"annex.pdf": content})
    how = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True} if chunked else {}
    assert GENUINE in checker.raw(part(content) + b"--x--\r\n", **how).text
    for more in (1, 100_000):
        answer = checker.raw(part(content + bytes(more)) + b"--x--\r\n", **how)
        assert answer.status_code == 413 and ONE_FILE in answer.text and "verify_delivery.py" in answer.text


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_is_never_whole_in_memory_nor_on_disk(checker: Checker, chunked: bool, tmp_path: Path) -> None:
    content = bytes(12 * 1024 * 1024)
    checker.deliver({"annex.pdf": content})
    body = tmp_path / "body"
    body.write_bytes(part(content) + b"--x--\r\n")
    how: dict[str, Any] = {"CONTENT_LENGTH": str(body.stat().st_size)}
    if chunked:
        how = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    checker.check(b"warm")
    with body.open("rb") as stream:
        tracemalloc.start()
        answer = checker.client.post(
            "/deliveries/check", input_stream=stream, content_type="multipart/form-data; boundary=x", environ_overrides=how
        )  # fmt: skip
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert GENUINE in answer.text
    assert most < 3 * 1024 * 1024


def limited(app: Flask) -> Checker:
    """The same site, with limits."""
    settings = app.config["UNDERSIGNED"]
    given = {
        "SECRET_KEY": settings.secret_key, "OFFICE_SECRET_KEY": settings.office_secret_key, "LIMITS": "on",
        "SERVER_URL": settings.server_url, "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url,
    }  # fmt: skip
    checker = Checker.__new__(Checker)
    checker.app = app_for_this_test(given)
    checker.client = checker.app.test_client()
    return checker


def test_a_network_checks_so_often_and_is_then_told_to_wait(checker: Checker) -> None:
    checker.deliver()
    busy, digest = limited(checker.app), hashlib.sha256(CSV).hexdigest()
    found = [busy.post(sha256=digest) for _ in range(301)]
    assert [answer.status_code for answer in found] == [200] * 300 + [429]
    assert found[-1].headers["Retry-After"] == "3600" and "Wait an hour" in found[-1].text


def test_codes_are_tried_so_often_by_a_network_and_for_a_delivery(checker: Checker) -> None:
    public_id = checker.deliver(cover_code_digest=digest_of_code())
    checker.endanger()
    busy = limited(checker.app)

    def tried(network: int, code: str = "WRONG", of: str = public_id) -> TestResponse:
        busy.client.environ_base["REMOTE_ADDR"] = f"198.51.{network}.1"
        return busy.post(delivery=of, code=code)

    first = [tried(1) for _ in range(61)]
    assert [answer.status_code for answer in first] == [200] * 60 + [429] and "Retry-After" in first[-1].headers
    assert "The code is right" in tried(2, CODE).text
    for _ in range(59):
        tried(3)
    silent, wrong = tried(4, CODE), tried(4)
    assert silent.status_code == 200 and silent.text == wrong.text, "who has the code is not told that it is the limit"
    assert "none is taken for an hour" in silent.text
    refused = busy.client.post(f"/deliveries/{public_id}/manifest.json", data={"code": CODE})
    assert refused.status_code == 404


def test_the_program_is_handed_out_as_it_is_with_its_hash_on_the_page(checker: Checker) -> None:
    tool = Path(__file__).parent.parent.parent / "tools" / "verify_delivery.py"
    answer = checker.client.get("/deliveries/verify_delivery.py")
    assert answer.data == tool.read_bytes()
    assert "verify_delivery.py" in answer.headers["Content-Disposition"]
    page = checker.client.get("/deliveries/check").text
    assert hashlib.sha256(answer.data).hexdigest() in page and "/deliveries/verify_delivery.py" in page


def test_pages_run_only_our_own_script_and_answers_are_kept_by_nobody(checker: Checker) -> None:
    public_id = checker.deliver()
    page, checked = checker.client.get(f"/deliveries/{public_id}"), checker.post(CSV)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "s-maxage=1" in page.headers["Cache-Control"] and "ETag" in page.headers
    assert checked.headers["Cache-Control"] == "no-store"
