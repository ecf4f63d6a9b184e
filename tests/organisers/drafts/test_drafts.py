"""Cases and petitions from a file: understood, shown, made into drafts that nobody sees, once, and taken back."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from cases.models import Case, CaseStatus, Person
from core import rotation
from core.audit import AuditEntry
from core.db import db
from core.from_html import to_markdown, to_plain
from core.text import markdown
from organisers import services as organisers
from organisers.accounts.models import Membership, OfficeRole
from petitions.models import Petition
from petitions.states import PetitionState
from tests.factories import make_case
from tests.organisers.conftest import Office, enter

INPUT = re.compile(r"<input[^>]*>")
SELECTED = re.compile(r'<select[^>]* name="(\w+)"[^>]*>(?:(?!</select>).)*?<option selected value="([^"]*)"', re.S)
SELECTS = re.compile(r'<select[^>]* name="(\w+)"')
CASES = """Title,Country,People,Story,Place
Free Ada,Kazakhstan,Ada Example; Ben Example,"<p>She <b>wrote</b>.</p><script>alert(1)</script>",Almaty
Free Carl,Atlantis,Carl Example,,
,Germany,,,
"Free Dora",DE,,"A line
and another",
Free Ada,DE,,,
"Open quotation,DE,,,
"""
SPEAKOUT = """id,title,target_email,email_subject,greeting,petition_message,expiration_date,created_date,goal
1,Release them,m@example.org,Subject,"Dear Mayor,","We <b>ask</b> you.",0000-00-00 00:00:00,2019-05-06 10:00:00,0
2,Hear them,m@example.org,Subject,,Hear them.,0000-00-00 00:00:00,yesterday,x
"""
ACTION_NETWORK = """identifiers,title,name,description,petition_text,target,created_date
action_network:1,Release them,admin,"<p>Ask &amp; sign</p>",Letter,"A. Minister; B. Mayor",2019-05-06T10:00:00Z
"""
CIVICRM = """Survey ID,Survey Title,Instructions,Campaign Created Date
3,Release them,<p>Letter</p>,2019-05-06 10:00:00
"""
CHANGE_ORG = """title,overview,letter_body,targets,goal,created_at
Release them,<p>Ask</p>,Letter,A. Minister,"1,000",2019-05-06T10:00:00Z
"""


class Taking:
    """A file on its way, through the door."""

    def __init__(self, office: Office, kind: str) -> None:
        self.office, self.path = office, f"/office/drafts/{kind}"

    def choose(self, text: str | bytes) -> TestResponse:
        raw = text if isinstance(text, bytes) else text.encode()
        sent = {"csrf_token": self.office.token(), "label": "", "file": (io.BytesIO(raw), "x.csv")}
        return self.office.client.post(self.path, data=sent, content_type="multipart/form-data")

    def press(self, page: TestResponse, button: str = "", **fields: Any) -> TestResponse:
        """Sends the preview's form as it stands; `button`: the one that is pressed."""
        chosen = dict.fromkeys(SELECTS.findall(page.text), "") | dict(SELECTED.findall(page.text))
        form = {**filled(page.text), **chosen, **fields}
        return self.office.client.post(f"{self.path}/check", data={**form, **({button: "yes"} if button else {})})

    def made(self, text: str | bytes, **fields: Any) -> str:
        page = self.choose(text)
        if fields:
            page = self.press(page, **fields)
        answer = self.press(page, "make")
        assert answer.status_code == 303, unescape(answer.text)
        return str(answer.headers["Location"])


def filled(text: str) -> dict[str, str]:
    tags = [(re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in INPUT.findall(text)]
    return {name[1]: unescape(value[1]) for name, value in tags if name and value}


def all_of(app: Flask, table: Any) -> list[Any]:
    with app.app_context():
        return list(db.session.scalars(select(table).order_by(table.id)))


def test_each_sound_line_becomes_a_draft_and_each_broken_one_is_told_by_its_number(office: Office, app: Flask) -> None:
    taking = Taking(office, "cases")
    page = taking.choose(CASES)
    assert page.status_code == 200 and all_of(app, Case) == []
    done = office.get(taking.press(page, "make").headers["Location"])
    told = dict(re.findall(r'<th scope="row">(\d+)</th><td[^>]*>([^<]*)</td>', done))
    assert {line: sentence.split(".")[0] for line, sentence in told.items()} == {
        "3": "State concerned: The country is not known", "4": "Title: There is none on this line",
        "7": "The same stands on line 2", "8": "A quotation mark in this line is never closed",
    }  # fmt: skip
    ada, dora = all_of(app, Case)
    assert (ada.title, ada.slug, ada.country, ada.place) == ("Free Ada", "free-ada", "KZ", "Almaty")
    assert (ada.story, dora.story) == ("She **wrote**.", "A line\nand another")
    assert [person.name for person in all_of(app, Person)] == ["Ada Example", "Ben Example"]
    assert {(case.status, case.dangerous, case.review_on) for case in (ada, dora)} == {(CaseStatus.DRAFT, True, None)}


def test_what_came_in_is_not_public_and_needs_its_consents_first(office: Office, app: Flask) -> None:
    Taking(office, "cases").made(CASES)
    assert app.test_client().get("/cases/free-ada").status_code == 404
    assert "Free Ada" not in app.test_client().get("/cases/").text
    [ada, *_] = all_of(app, Case)
    fields = {"title": "Free Ada", "slug": "free-ada", "country": "KZ", "status": "active", "fund_currency": "EUR"}
    answer = office.post(f"/office/cases/{ada.id}/edit", **fields)
    assert answer.status_code == 422 and "Record who agreed that this site tells of Ada Example." in unescape(
        answer.text
    )


def test_the_same_file_twice_makes_nothing_twice_and_says_what_is_here(office: Office, app: Flask) -> None:
    taking = Taking(office, "cases")
    taking.made(CASES)
    with app.app_context():
        db.session.scalars(select(Case).where(Case.slug == "free-dora")).one().title = "Another name"
        db.session.commit()
    page = taking.choose(CASES)
    text = unescape(page.text)
    assert "It is here already, as “Free Ada”." in text and "It is here already, as “Free Dora”." in text
    assert 'name="make"' not in text and taking.press(page, "make").status_code == 200
    assert len(all_of(app, Case)) == 2


def test_two_presses_of_the_button_at_once_make_the_drafts_once(office: Office, app: Flask) -> None:
    taking = Taking(office, "cases")
    page = taking.choose("Title,Country\nFree Ada,KZ\nFree Ben,KZ\n")
    form = {**filled(page.text), **dict.fromkeys(SELECTS.findall(page.text), ""), **dict(SELECTED.findall(page.text))}
    cookie = {"Cookie": f"office={office.client.get_cookie('office', path='/office').value}"}  # type: ignore[union-attr]

    def press(_number: int) -> str:
        client = app.test_client(use_cookies=False)
        answer = client.post(f"{taking.path}/check", data={**form, "make": "yes"}, headers=cookie)
        return str(answer.headers.get("Location", answer.status_code))

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(press, range(4)))
    assert len(answers - {"200"}) == 1, answers  # whoever comes late sees that they are here already
    assert [case.title for case in all_of(app, Case)] == ["Free Ada", "Free Ben"]


def test_an_address_that_is_taken_gets_a_number(office: Office, app: Flask) -> None:
    with app.app_context():
        make_case(slug="free-ada", title="Something else")
    Taking(office, "cases").made("Title,Country\nFree Ada,KZ\nСвобода Айнуру,KZ\nWall,DE\n")
    assert [case.slug for case in all_of(app, Case)] == ["free-ada", "free-ada-2", "svoboda-aynuru", "wall-2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_letters_and_separators_are_found_out(office: Office, app: Flask, encoding: str, delimiter: str) -> None:
    text = "Titel,Land\nFreiheit für Ädä,Türkiye\n".replace(",", delimiter)
    page = Taking(office, "cases").choose(text.encode(encoding))
    assert "Freiheit für Ädä" in unescape(page.text)
    assert "Make 1 draft" in page.text


def test_columns_can_be_understood_otherwise_and_are_then_shown_first(office: Office, app: Flask) -> None:
    taking = Taking(office, "cases")
    page = taking.choose("A,B\nFree Ada,Almaty\n")
    assert "Would come in" not in page.text
    wrong = taking.press(page, "make", place_column="1")
    assert wrong.status_code == 422 and "Choose the column in which the title stands." in unescape(wrong.text)
    shown = taking.press(page, "make", title_column="0", place_column="1", country_default="KZ")
    assert shown.status_code == 200 and all_of(app, Case) == [] and "Free Ada" in shown.text
    assert taking.press(shown, "make").status_code == 303
    assert [(case.title, case.place, case.country) for case in all_of(app, Case)] == [("Free Ada", "Almaty", "KZ")]


def test_more_than_500_lines_are_refused_with_a_sentence(office: Office) -> None:
    answer = Taking(office, "cases").choose("Title,Country\n" + "".join(f"T{n},KZ\n" for n in range(501)))
    assert answer.status_code == 422 and "more than 500 lines" in unescape(answer.text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SPEAKOUT, ("Dear Mayor,\n\nWe **ask** you.", "", None, [])),
        (ACTION_NETWORK, ("Letter", "Ask & sign", None, ["A. Minister", "B. Mayor"])),
        (CIVICRM, ("Letter", "", None, [])),
        (CHANGE_ORG, ("Letter", "Ask", 1000, ["A. Minister"])),
    ],
)
def test_the_tables_of_other_systems_are_understood_by_their_headings(
    office: Office, app: Flask, text: str, expected: tuple[str, str, int | None, list[str]]
) -> None:
    with app.app_context():
        make_case()
    Taking(office, "petitions").made(text)
    with app.app_context():
        made = db.session.scalars(select(Petition)).one()
        assert (made.letter, made.ask, made.goal, [one.name for one in made.recipients]) == expected
        assert (made.title, made.state, made.created_at.date().isoformat()) == (
            "Release them", PetitionState.DRAFT, "2019-05-06",
        )  # fmt: skip
        assert made.published_at is None and made.visibility_default
    assert app.test_client().get(f"/petitions/{made.slug}").status_code == 404


def test_a_petition_goes_to_the_case_that_it_names_or_to_the_chosen_one(office: Office, app: Flask) -> None:
    with app.app_context():
        one, two = make_case(title="One").id, make_case(title="Two", slug="the-second").id
    lines = ["title,case,recipient,recipient_role,language", "A,one,R. One,Minister,en-GB", "B,the-second,,,", "C,,,,"]
    text = "\n".join([*lines, "D,Three,,,", "E,One,,,xx", ""])
    page = Taking(office, "petitions").choose(text)
    assert "There is no case on this line." in page.text and "Write one of these: en" in page.text
    done = office.get(Taking(office, "petitions").made(text, case_default=str(two)))
    assert "No case of yours has this title or address" in done
    with app.app_context():
        made = db.session.scalars(select(Petition).order_by(Petition.id)).all()
        assert [(one.title, one.case_id) for one in made] == [("A", one), ("B", two), ("C", two)]
        assert (made[0].recipients[0].name, made[0].recipients[0].role) == ("R. One", "Minister")


def limited(app: Flask, case_id: int, role: OfficeRole = OfficeRole.ORGANISER) -> Office:
    """A browser of somebody who has this role in one case."""
    other = enter(app, "rita@example.org")
    with app.app_context():
        rita = organisers.ensure_organiser("rita@example.org")
        for row in db.session.scalars(select(Membership).where(Membership.organiser_id == rita.id)):
            db.session.delete(row)
        db.session.add(Membership(organiser_id=rita.id, role=role, case_id=case_id))
        db.session.commit()
    return other


def test_an_organiser_takes_petitions_over_into_their_own_cases_only(office: Office, app: Flask) -> None:
    with app.app_context():
        mine, theirs = make_case(title="Mine").id, make_case(title="Theirs").id
    rita = limited(app, mine)
    assert rita.client.get("/office/drafts/cases").status_code == 403
    done = rita.get(Taking(rita, "petitions").made("title,case\nA,Mine\nB,Theirs\nC,\n"))
    assert "No case of yours has this title or address" in done
    assert [(one.title, one.case_id) for one in all_of(app, Petition)] == [("A", mine), ("C", mine)]
    theirs_only = Taking(office, "petitions").made("title,case\nD,Theirs\n")
    assert rita.client.get(theirs_only).status_code == 404
    assert rita.client.post(f"{theirs_only}/take-back", data={"csrf_token": rita.token()}).status_code == 404
    assert "Petitions from a file" in rita.get("/office/drafts") and theirs_only not in rita.get("/office/drafts")
    cases = Taking(office, "cases").made("Title,Country\nFree Ada,KZ\n")
    assert rita.client.get(cases).status_code == 404 and theirs


def test_a_file_is_taken_back_except_what_somebody_has_worked_on(office: Office, app: Flask) -> None:
    page = Taking(office, "cases").made("Title,Country,People\nA,KZ,Ada\nB,KZ,\nC,KZ,Carl\nD,KZ,\n")
    with app.app_context():
        rows = {case.title: case.id for case in db.session.scalars(select(Case))}
        db.session.get_one(Case, rows["B"]).lede = "Changed"
        db.session.scalars(select(Person).where(Person.case_id == rows["C"])).one().charge = "A charge"
        db.session.commit()
    fields = {"title": "P", "slug": "p", "time_zone": "UTC", "language": "en"}
    office.saved(f"/office/cases/{rows['D']}/petitions/new", **fields)
    assert "1 draft is as it came in" in office.get(page)
    assert "1 drafts are deleted. 3 stay" in office.get(office.saved(f"{page}/take-back"))
    assert [case.title for case in all_of(app, Case)] == ["B", "C", "D"]
    assert "Take the whole file back" not in office.get(page)


def test_a_petition_that_is_taken_back_gives_up_its_key_and_may_come_again(office: Office, app: Flask) -> None:
    with app.app_context():
        make_case()
    taking = Taking(office, "petitions")
    page = taking.made("title\nA\nB\n")
    [one, two] = all_of(app, Petition)
    office.saved(f"/office/petitions/{two.id}/recipients/new", name="R. One", country="")
    office.saved(f"{page}/take-back")
    assert [left.title for left in all_of(app, Petition)] == ["B"]
    with app.app_context():
        assert rotation.active(one.scope) is None and rotation.active(two.scope) is not None
    taking.made("title\nA\nB\n")
    assert sorted(left.title for left in all_of(app, Petition)) == ["A", "B"]


def test_making_and_taking_back_stand_in_the_audit_chain(office: Office, app: Flask) -> None:
    page = Taking(office, "cases").made("Title,Country\nFree Ada,KZ\n")
    office.saved(f"{page}/take-back")
    assert [act for act, _subject in office.acts()] == ["cases.imported", "cases.taken_back"]
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "cases.imported")).one()
        assert entry.detail == {"slugs": ["free-ada"], "left_out": 0}


def test_the_file_is_bound_to_its_organiser_and_to_what_it_is_for(office: Office, app: Flask) -> None:
    page = Taking(office, "cases").choose("Title,Country\nFree Ada,KZ\n")
    for other in (Taking(office, "petitions"), Taking(enter(app, "rita@example.org"), "cases")):
        answer = other.press(page, "make", csrf_token=other.office.token())
        assert answer.status_code == 303 and answer.headers["Location"] == other.path
    assert all_of(app, Case) == []


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One<br>two</p><p>three</p>", "One  \ntwo\n\nthree"),
        ("<h2>Head</h2><blockquote><p>Said</p></blockquote>", "## Head\n\n> Said"),
        ("<ul><li>One</li><li><em>Two</em></li></ul><ol><li>a</li><li>b</li></ol>", "- One\n- *Two*\n\n1. a\n2. b"),
        (
            '<a href="https://example.org/x">here</a> <a href="javascript:alert(1)">there</a>',
            "[here](https://example.org/x) there",
        ),
        ("<p>2 * 3 = <b>6</b> [x](y)</p>", "2 \\* 3 = **6** \\[x\\](y)"),
        ("Tom &amp; Ada\nnext", "Tom & Ada\nnext"),
        ("1 < 2 and *already* Markdown", "1 < 2 and *already* Markdown"),
    ],
)
def test_html_becomes_markdown(html: str, expected: str) -> None:
    assert to_markdown(html) == expected


def test_nothing_that_runs_or_loads_survives() -> None:
    wicked = '<p onclick="x()">Hi<script>alert(1)</script><img src=x onerror=alert(2)>&lt;script&gt;alert(3)'
    for text in (to_markdown(wicked), to_plain(wicked)):
        assert "alert(1)" not in text and "alert(2)" not in text and "onclick" not in text
    assert "<script" not in str(markdown(to_markdown(wicked)))
