"""The clerk's page: a mailed link and a told code, the files, the received button, the answer that comes back."""

import io
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text

from cases.models import Case
from core import clock
from core.db import db
from core.vault import SITE, Sealed, vault
from deliveries.clerk.models import ClerkLink, DeliveryPaper
from deliveries.models import Delivery
from deliveries.seals import CLERK_CONTEXT
from deliveries.states import DeliveryState, Protection
from petitions.models import Petition
from tests.core.smtp import receiving
from tests.deliveries.clerking import CLERK, CODE, LETTER, Desk, digest, make_desk, text_of

PDF = b"%PDF-1.4 our answer\n%%EOF"
NO = "This code does not open the files."


@pytest.fixture
def desk(app: Flask) -> Desk:
    return make_desk(app)


def copies(app: Flask) -> list[str]:
    return sorted(path.name for path in (app.config["UNDERSIGNED"].data / "clerk").iterdir())


def sealed_of(desk: Desk) -> dict[str, str]:
    with desk.app.app_context():
        link = db.session.scalars(select(ClerkLink)).one()
        box = Sealed(str(link.key_id), str(link.data_key_id), link.blob or b"")
        return vault().open(box, scope=SITE, context=CLERK_CONTEXT, public_id=link.public_id)


def test_the_mail_goes_by_smtp_with_the_letter_and_the_link_and_without_the_code(desk: Desk) -> None:
    with receiving(desk.app) as server:
        answer = desk.office.post(f"{desk.record}/clerk", email=CLERK)
        desk.campaign.work()
        [message] = server.inbox.mails()
    code = CODE.search(answer.text)[1]  # type: ignore[index]
    whole = message.as_string() + text_of(message)
    assert message["To"] == CLERK and message["Subject"] == "A letter for your files"
    assert code not in whole and code.replace("-", "") not in whole
    [letter] = message.iter_attachments()
    assert (letter.get_filename(), letter.get_content_type()) == ("letter.pdf", "application/pdf")
    assert letter.get_payload(decode=True) == LETTER
    assert digest(LETTER) in text_of(message), "the check page knows this hash"
    assert f"/deliveries/{desk.public_id}" in text_of(message) and "/unsubscribe/" in text_of(message)
    assert answer.headers["Cache-Control"] == "no-store"


def test_address_and_code_are_kept_sealed_and_the_code_only_until_the_copy_is_made(desk: Desk) -> None:
    answer = desk.office.post(f"{desk.record}/clerk", email=CLERK)
    code = CODE.search(answer.text)[1].replace("-", "")  # type: ignore[index]
    assert sealed_of(desk).keys() == {"email", "secret", "code"} and sealed_of(desk)["code"] == code
    desk.campaign.work()
    assert sealed_of(desk) == {"email": CLERK}
    assert code not in desk.office.get(desk.record), "it is shown once"


def test_the_copy_is_of_no_use_without_link_and_code(desk: Desk) -> None:
    desk.send()
    [name] = copies(desk.app)
    path: Path = desk.app.config["UNDERSIGNED"].data / "clerk" / name
    content = path.read_bytes()
    assert b"letter.pdf" not in content and len(content) > len(desk.pack)
    assert path.stat().st_mode & 0o007 == 0


def test_the_code_opens_the_files_each_time_and_each_time_stands_in_the_chain(desk: Desk) -> None:
    link, code = desk.send()
    for typed in (code, code.lower().replace("-", " ")):
        answer = desk.post(f"{link}/files", code=typed)
        assert answer.status_code == 200 and answer.data == desk.pack
        assert answer.headers["Content-Disposition"] == 'attachment; filename="pack.zip"'
        assert answer.headers["Content-Length"] == str(len(desk.pack)) and answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    desk.campaign.work()
    fetched = ("delivery.fetched", f"{desk.campaign.slug}:{desk.public_id}")
    assert desk.acts("clerk") == [fetched, fetched]
    assert "files fetched, first on" in desk.office.get(desk.record)


def test_five_wrong_codes_end_it_and_no_answer_tells_which_it_was(desk: Desk) -> None:
    link, code = desk.send()
    answers = [desk.post(f"{link}/files", code="AAAAA-AAAAA") for _try in range(6)] + [
        desk.post(f"{link}/files", code=code)
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert all(NO in unescape(answer.text) for answer in answers)
    assert len({answer.text.replace(code, "AAAAA-AAAAA") for answer in answers}) == 1
    assert "dead for the files" in desk.office.get(desk.record)
    assert desk.app.test_client().get(link).status_code == 200, "the rest of the page goes on"
    desk.campaign.work()
    assert desk.acts("clerk") == []


def test_four_wrong_codes_do_not(desk: Desk) -> None:
    link, code = desk.send()
    for _try in range(4):
        desk.post(f"{link}/files", code="AAAAA-AAAAA")
    assert desk.post(f"{link}/files", code=code).data == desk.pack


def test_reading_the_page_acts_on_nothing_and_says_what_it_is(desk: Desk) -> None:
    link, _code = desk.send()
    page = desk.app.test_client().get(link)
    assert page.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in page.headers
    said = unescape(page.text)
    for words in (
        desk.public_id,
        "A. Recipient",
        f"/deliveries/{desk.public_id}",
        "told by telephone",
        'content="noindex"',
    ):
        assert words in said
    with desk.app.app_context():
        row = db.session.scalars(select(ClerkLink)).one()
        assert (row.opened_at, row.code_tries, desk.found().received_at) == (None, 0, None)


def test_a_link_ends_by_the_clock_and_by_the_office(desk: Desk) -> None:
    link, code = desk.send()
    with time_machine.travel(clock.now() + timedelta(days=91)):
        for answer in (desk.app.test_client().get(link), desk.post(f"{link}/files", code=code)):
            assert answer.status_code == 404 and "90 days" in answer.text
        desk.campaign.work()
        assert copies(desk.app) == []
    other, code = desk.send("second@ministry.example")
    assert len(copies(desk.app)) == 1
    with desk.app.app_context():
        number = db.session.scalar(select(ClerkLink.id).order_by(ClerkLink.id.desc()).limit(1))
    desk.office.saved(f"{desk.record}/clerk/{number}/revoke")
    assert copies(desk.app) == []
    assert desk.app.test_client().get(other).status_code == 404
    with desk.app.app_context():
        assert db.session.get_one(ClerkLink, number).blob is None, "the address goes with it"
    assert [act for act, _ in desk.office.acts() if act.startswith("delivery.clerk")] == [
        "delivery.clerk_link_sent", "delivery.clerk_link_sent", "delivery.clerk_link_revoked",
    ]  # fmt: skip


def test_what_is_no_link_is_told_so(desk: Desk) -> None:
    for wrong in ("a" * 43, "short", "ö" * 43):
        assert desk.app.test_client().get(f"/deliveries/clerk/{wrong}").status_code == 404


def test_erasing_the_petition_ends_its_links(desk: Desk) -> None:
    link, _code = desk.send()
    with desk.app.app_context():
        db.session.get_one(Petition, desk.campaign.id).erased_at = clock.now()
        db.session.commit()
    assert desk.app.test_client().get(link).status_code == 404
    desk.campaign.work()
    assert copies(desk.app) == []
    with desk.app.app_context():
        assert db.session.scalars(select(ClerkLink.blob)).one() is None


def test_received_is_noted_once_corrected_by_pressing_again_and_told_to_organisers(desk: Desk) -> None:
    link, _code = desk.send()
    answer = desk.post(f"{link}/received", file_number="III-7/2026", answer_due="2026-12-24")
    assert answer.status_code == 303 and "III-7" not in answer.headers["Location"]
    assert "Thank you" in desk.app.test_client().get(answer.headers["Location"]).text
    with desk.app.app_context():
        first = desk.found().received_at
    desk.post(f"{link}/received", file_number="III-8/2026", answer_due="2027-01-07")
    desk.campaign.work()
    with desk.app.app_context():
        found = desk.found()
        assert (found.received_at, found.file_number, f"{found.answer_due}") == (first, "III-8/2026", "2027-01-07")
    mails = [text_of(mail) for mail in desk.mails("olga@example.org") if mail["Subject"] == "News of a delivery"]
    assert len(mails) == 1 and "noted that the letter and the list came" in mails[0] and desk.record in mails[0]
    assert [act for act, _ in desk.acts("clerk")] == ["delivery.received", "delivery.received"]


def test_a_day_that_is_none_is_said_and_what_was_typed_stays(desk: Desk) -> None:
    link, _code = desk.send()
    answer = desk.post(f"{link}/received", file_number="III-7", answer_due="soon")
    assert answer.status_code == 422 and "year-month-day" in answer.text
    assert 'value="III-7"' in answer.text and 'value="soon"' in answer.text


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"), (b"\x89PNG\r\n\x1a\n...", "image/png"), (b"\xff\xd8\xff\xe0.", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/webp"), ("<script>Антвэт".encode(), "text/plain"),
    ],
)  # fmt: skip
def test_the_answer_is_known_by_its_content_sealed_and_told(desk: Desk, content: bytes, media_type: str) -> None:
    link, _code = desk.send()
    answer = desk.post(f"{link}/reply", file=(io.BytesIO(content), "answer of Ada Example.exe"))
    assert answer.status_code == 303
    desk.campaign.work()
    with desk.app.app_context():
        paper = db.session.scalars(select(DeliveryPaper)).one()
        kept = (paper.media_type, paper.size, paper.by_clerk, paper.content)
        assert kept == (media_type, len(content), True, None)
        assert content not in (paper.blob or b"")
        number = paper.id
    opened = desk.office.post(f"{desk.record}/papers/{number}/open")
    assert opened.data == content and opened.headers["Content-Type"].startswith(media_type)
    assert opened.headers["Content-Disposition"].startswith("attachment") and "Ada" not in str(opened.headers)
    assert any("has sent a paper back" in text_of(mail) for mail in desk.mails("olga@example.org"))


@pytest.mark.parametrize(
    "content", [b"", b"MZ\x90\x00\x03", b"PK\x03\x04\x14\x00\x00", b"%PDF-" + b"x" * (8 * 1024 * 1024)]
)
def test_another_file_is_refused_with_what_to_send_instead(desk: Desk, content: bytes) -> None:
    link, _code = desk.send()
    answer = desk.post(f"{link}/reply", file=(io.BytesIO(content), "answer.pdf"))
    assert answer.status_code == 422 and ("PDF" in answer.text or "8 MB" in answer.text)
    with desk.app.app_context():
        assert db.session.scalars(select(DeliveryPaper)).all() == []


def test_a_file_that_is_far_too_large_is_not_read(desk: Desk) -> None:
    link, _code = desk.send()
    assert (
        desk.post(f"{link}/reply", file=(io.BytesIO(b"%PDF-" + b"x" * (10 * 1024 * 1024)), "a.pdf")).status_code == 413
    )


def test_a_frozen_case_hands_nothing_out_and_names_nobody(desk: Desk) -> None:
    link, code = desk.send()
    with desk.app.app_context():
        db.session.scalars(select(Case)).one().frozen_at = clock.now()
        db.session.commit()
    page = desk.app.test_client().get(link).text
    assert "A. Recipient" not in page and "Petition " not in page and "Fetch the files" not in page
    answer = desk.post(f"{link}/files", code=code)
    assert answer.status_code == 409 and "not handed out for now" in answer.text
    assert desk.post(f"{link}/received", file_number="1").status_code == 303


@pytest.mark.parametrize("why", ["dangerous", "password"])
def test_no_letter_travels_in_an_open_mail_where_that_could_harm(desk: Desk, why: str) -> None:
    with desk.app.app_context():
        if why == "dangerous":
            db.session.scalars(select(Case)).one().dangerous = True
        else:
            desk.found().protection = Protection.PASSWORD
        db.session.commit()
    link, code = desk.send()
    message = desk.mails(CLERK)[-1]
    assert list(message.iter_attachments()) == [] and "Nothing is attached" in text_of(message)
    assert ("Petition " in text_of(message)) == (why == "password"), "a dangerous case is not even called by its title"
    assert desk.post(f"{link}/files", code=code).data == desk.pack


def test_nothing_is_sent_without_a_pack(desk: Desk) -> None:
    desk.change(state=DeliveryState.EXPIRED)
    answer = desk.office.post(f"{desk.record}/clerk", email=CLERK)
    assert answer.status_code == 422 and "The pack is not there" in answer.text
    answer = desk.office.post(f"{desk.record}/clerk", email="not an address")
    assert answer.status_code == 422 and 'value="not an address"' in answer.text


def test_a_pack_that_goes_before_the_worker_comes_takes_the_link_along(desk: Desk) -> None:
    assert desk.office.post(f"{desk.record}/clerk", email=CLERK).status_code == 200
    desk.change(state=DeliveryState.EXPIRED)
    desk.campaign.work()
    assert desk.mails(CLERK) == [] and "taken back" in desk.office.get(desk.record)
    assert any("has expired meanwhile" in text_of(mail) for mail in desk.mails("olga@example.org"))


def test_an_address_that_wants_no_mail_ends_the_link_and_organisers_hear_of_it(desk: Desk) -> None:
    link, _code = desk.send()
    stop = next(line for line in text_of(desk.mails(CLERK)[-1]).splitlines() if "/unsubscribe/" in line).partition(
        "/unsub"
    )
    assert desk.app.test_client().post(f"/unsub{stop[2]}", data={"stop": "yes"}).status_code in (200, 303)
    before = len(desk.mails(CLERK))
    desk.office.post(f"{desk.record}/clerk", email=CLERK)
    desk.campaign.work()
    assert len(desk.mails(CLERK)) == before
    assert any("could not be sent" in text_of(mail) for mail in desk.mails("olga@example.org"))
    assert len(copies(desk.app)) == 1 and desk.app.test_client().get(link).status_code == 200


def test_a_copy_that_is_not_at_hand_is_said_so_and_costs_no_try(desk: Desk) -> None:
    link, code = desk.send()
    [name] = copies(desk.app)
    (desk.app.config["UNDERSIGNED"].data / "clerk" / name).unlink()
    answer = desk.post(f"{link}/files", code=code)
    assert answer.status_code == 503 and "Your code is right" in answer.text
    desk.campaign.work()
    with desk.app.app_context():
        assert db.session.scalar(text("SELECT code_tries FROM clerk_links")) == 0
    assert desk.acts("clerk") == []


def test_another_petitions_delivery_is_not_reached_through_ones_own(desk: Desk) -> None:
    other = make_desk(desk.app)
    wrong = f"/office/petitions/{desk.campaign.id}/deliveries/{other.id}/record"
    assert desk.office.client.get(wrong).status_code == 404
    assert desk.office.post(f"{wrong}/clerk", email=CLERK).status_code == 404
    with desk.app.app_context():
        assert db.session.scalars(select(Delivery).order_by(Delivery.id)).all()[1].public_id == other.public_id
