"""What supporters and officials wrote about a case that is frozen or blurred: reports, walls, receipts, the answer's source."""

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from cases.comments.models import Comment
from cases.models import Case
from core import clock
from core.db import db
from core.reports import Report
from core.tokens import form_token
from donations.models import Payment
from donations.papers import services as papers
from donations.wall.models import WallEntry
from petitions.models import Petition
from petitions.states import PetitionState
from tests.cases.conftest import Wall
from tests.donations.conftest import World, text_of
from tests.donations.own_pages import Visitor
from tests.donations.papers import pdf_of, said_in
from tests.donations.test_wall import gift_by, pay
from tests.organisers.conftest import Office
from tests.organisers.test_case_safety import NAME, NAMED, SURNAME, case_number, in_json, named_case, read

WORDS = {"message": f"For {SURNAME}", "tribute": "behalf", "tribute_name": NAME}
UNKNOWN = 2**31 - 1


@pytest.fixture
def case(app: Flask) -> str:
    """The office's address of a case in which everything names somebody."""
    named_case(app)
    return f"/office/cases/{case_number(app)}"


def commented(app: Flask, office: Office, **fields: str) -> str:
    """Somebody wrote about her and it was approved; where it is reported."""
    wall = Wall(app, "the-case", case_number(app))
    wall.change(comments_open=True)
    wall.write(text=f"Strength to {NAME}!", **fields)
    office.saved(f"{wall.office(1)}/approve", seen="held")
    return f"/reports/comment/{wall.rows()[0].id}"


def given(app: Flask, office: Office, **form: Any) -> str:
    """Somebody gave in her name and it was approved; where it is reported."""
    pay(app, gift_by(app, "the-case", **{**WORDS, **form}))
    with app.app_context():
        entry = db.session.scalars(select(WallEntry.id)).one()
    office.saved(f"/office/wall/{entry}/words/approve", seen="held")
    return f"/reports/wall/{entry}"


@pytest.mark.parametrize("told", [commented, given])
def test_of_a_frozen_case_nobody_learns_by_reporting_that_there_are_words(
    app: Flask, office: Office, case: str, told: Any
) -> None:
    report = told(app, office)
    unknown = f"{report.rpartition('/')[0]}/{UNKNOWN}"
    assert read(app, report)[0] == 200
    office.saved(f"{case}/freeze")
    assert read(app, report) == read(app, unknown) and read(app, report)[0] == 404
    with app.test_request_context():
        form = {"reason": "abuse", "token": form_token()}
    answers = [app.test_client().post(path, data=form) for path in (report, unknown)]
    assert answers[0].status_code == answers[1].status_code == 404 and answers[0].text == answers[1].text
    with app.app_context():
        assert db.session.scalar(select(Report)) is None
    office.saved(f"{case}/unfreeze")
    assert read(app, report)[0] == 200


@pytest.mark.parametrize("told", [commented, given])
def test_who_reports_words_about_a_blurred_case_reads_initials(
    app: Flask, office: Office, case: str, told: Any
) -> None:
    report = told(app, office)
    assert NAMED.search(read(app, report)[1])
    office.saved(f"{case}/blur")
    status, page = read(app, report)
    assert status == 200 and "T." in page and not NAMED.search(page)


def test_words_of_a_draft_cannot_be_reported(app: Flask, office: Office, case: str) -> None:
    report = commented(app, office)
    with app.app_context():
        db.session.scalars(select(Case)).one().status = "draft"
        db.session.commit()
    assert read(app, report)[0] == 404


def test_supporters_words_are_veiled_and_names_of_their_own_kept(app: Flask, office: Office, case: str) -> None:
    given(app, office, name=f"Friends of {NAME}")
    commented(app, office, name=f"Aigul {SURNAME}")
    pages = ("/donate/the-case/wall", "/donate/the-case", "/cases/the-case", "/cases/the-case/comments")
    for page in pages:
        assert NAMED.search(read(app, page)[1]), page
    office.saved(f"{case}/blur")
    for page in pages:
        assert not NAMED.search(read(app, page)[1].replace(f"Aigul {SURNAME}", "")), page
    wall = read(app, pages[0])[1]
    for words in ("Friends of Z. T.", "For T.", "On behalf of Z. T."):
        assert words in wall, words
    assert f"Aigul {SURNAME}" in read(app, pages[3])[1], "relatives who wish to be named are called as they wish"
    office.saved(f"{case}/unblur")
    assert NAME in read(app, pages[0])[1]


def again(app: Flask, hours: int) -> tuple[str, str]:
    """The receipt of the only payment, mailed once more after so many hours: its text, and that of its PDF."""
    with time_machine.travel(clock.now() + timedelta(hours=hours)):
        with app.app_context():
            papers.ask_receipt(db.session.scalars(select(Payment)).one())
            db.session.commit()
        mail = World(app).mails()[-1]
    return text_of(mail), said_in(pdf_of(mail)[1])


def test_receipts_and_the_donors_page_are_veiled_too(app: Flask, office: Office, case: str) -> None:
    with app.app_context():
        db.session.scalars(select(Case)).one().fund_title = f"Lawyers of {NAME}"
        db.session.commit()
    given(app, office)
    donor = Visitor(World(app))
    own = donor.own()
    assert NAMED.search(donor.page(own)) and all(map(NAMED.search, again(app, 1)))
    for hours, act, words in ((2, "blur", "Lawyers of Z. T."), (3, "freeze", "a case that is frozen for safety")):
        office.saved(f"{case}/{act}")
        text, paper = again(app, hours)
        assert "Z. T." in text and words in text and not NAMED.search(text)
        assert not NAMED.search(paper) and "Z. T." in paper
        page = donor.page(own)
        assert words in page and not NAMED.search(page)
    assert "Lawyers" not in page and "Lawyers" not in text, "of a frozen case no word"


def test_the_source_of_an_answer_is_not_shown_while_the_case_is_blurred(app: Flask, office: Office, case: str) -> None:
    with app.app_context():
        petition = db.session.scalars(select(Petition)).one()
        petition.state, petition.answered_on, petition.answer = PetitionState.ANSWERED, date(2026, 5, 6), "Noted."
        petition.answer_source = "https://example.org/%D0%97%D0%B0%D1%80%D0%B8%D0%BD%D0%B0-zarina-testova"
        db.session.commit()
    address = "/petitions/the-petition"
    assert "example.org" in read(app, address)[1]
    office.saved(f"{case}/blur")
    assert "Noted." in read(app, address)[1] and "example.org" not in read(app, address)[1]
    answer = json.loads(read(app, f"{address}.json")[1])["answer"]
    assert answer["text"] == "Noted." and answer["source_url"] is None
    with app.app_context():
        assert "zarina" in db.session.scalars(select(Petition.answer_source)).one(), "nothing is written"
    office.saved(f"{case}/unblur")
    assert "example.org" in read(app, address)[1]


def test_whoever_wrote_takes_it_back_while_the_case_is_frozen_and_reads_no_word_of_it(
    app: Flask, office: Office, case: str
) -> None:
    wall = Wall(app, "the-case", case_number(app))
    wall.change(comments_open=True)
    own = wall.write(text=f"Strength to {NAME}!")
    office.saved(f"{wall.office(1)}/approve", seen="held")
    assert NAME in wall.text(own)
    office.saved(f"{case}/blur")
    assert "Strength to Z. T.!" in wall.text(own)
    office.saved(f"{case}/freeze")
    shown = wall.text(own)
    assert "Take it back" in shown and "Strength" not in shown and not NAMED.search(in_json(shown))
    assert not re.search(r"the-case", shown)
    assert wall.post(own).status_code == 303
    with app.app_context():
        assert db.session.scalars(select(Comment.text)).one() is None


def test_a_name_that_is_taken_away_while_the_case_is_blurred_comes_back_nowhere(
    app: Flask, office: Office, case: str
) -> None:
    """Who edits or removes a person at night, to protect them, must not undo the blur by it."""
    office.saved(f"{case}/blur")
    person = f"{case}/people/1"
    office.saved(person, name="Petra Andersen", other_spellings="")
    assert not NAMED.search(read(app, "/cases/the-case")[1])
    assert office.saved(f"{person}/remove") == person and "Nobody was removed" in office.get(person)
    assert not NAMED.search(read(app, "/cases/the-case")[1])
    office.saved(f"{case}/unblur")
    office.saved(f"{person}/remove")
    assert NAME in read(app, "/cases/the-case")[1]
