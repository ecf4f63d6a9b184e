"""Cases in the office: made, edited, made safe, with people and events."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from cases.models import Case, CaseStatus, Event, EventKind, Person
from core.db import db
from tests.factories import make_case
from tests.organisers.conftest import Office

CASE = {
    "title": "Free the example",
    "slug": "free-the-example",
    "country": "KZ",
    "status": "draft",
    "fund_currency": "EUR",
}
CONSENT = {
    "person": "", "basis": "family", "means": "call", "given_on": "2010-05-01", "note": "A sister called the office.",
}  # fmt: skip


def only(app: Flask, kind: type[Any]) -> Any:
    with app.app_context():
        return db.session.scalars(select(kind)).one()


def make_safe(office: Office, number: int) -> None:
    """A consent for everybody in the case, and a review in three months."""
    office.saved(f"/office/cases/{number}/consents", **CONSENT)
    office.saved(f"/office/cases/{number}/review", review_on=str(date.today() + timedelta(days=90)))


def case_id(app: Flask, **values: Any) -> int:
    with app.app_context():
        return make_case(**values).id


def test_a_new_case_is_a_draft_and_dangerous_until_its_questions_are_answered(app: Flask, office: Office) -> None:
    where = office.saved(
        "/office/cases/new", **CASE, lede="Two sentences.", story="A *story*.", place="Almaty", fund_goal="5000"
    )
    case = only(app, Case)
    assert where == f"/office/cases/{case.id}/safety"
    assert (case.slug, case.status, case.fund_goal, case.dangerous) == (
        "free-the-example",
        CaseStatus.DRAFT,
        500_000,
        True,
    )
    assert case.safety_answered_at is None
    assert "counts as dangerous" in office.get(f"/office/cases/{case.id}")
    assert app.test_client().get("/cases/free-the-example").status_code == 404
    assert office.acts() == [("case.created", "free-the-example")]


def test_nobody_can_slip_in_a_column_that_no_form_has(app: Flask, office: Office) -> None:
    office.saved(
        "/office/cases/new", **CASE, dangerous="", id="77", safety_answered_at="2020-01-01", created_at="2020-01-01"
    )
    case = only(app, Case)
    assert case.dangerous and case.safety_answered_at is None and case.id != 77 and case.created_at.year > 2020


def test_a_published_case_is_public_keeps_its_address_and_is_no_draft_again(app: Flask, office: Office) -> None:
    office.saved("/office/cases/new", **CASE)
    number = only(app, Case).id
    make_safe(office, number)
    office.saved(f"/office/cases/{number}/edit", **{**CASE, "slug": "renamed", "status": "active"})
    assert app.test_client().get("/cases/renamed").status_code == 200
    assert 'name="slug"' not in office.get(f"/office/cases/{number}/edit")
    office.saved(f"/office/cases/{number}/edit", **{**CASE, "slug": "moved", "status": "won", "title": "Free at last"})
    case = only(app, Case)
    assert (case.slug, case.status, case.title) == ("renamed", CaseStatus.WON, "Free at last")
    back = office.post(f"/office/cases/{number}/edit", **{**CASE, "status": "draft"})
    assert back.status_code == 422 and "Choose one from the list." in back.text


GOALS = [("EUR", "2500", 250_000), ("JPY", "3000", 3000), ("KWD", "100", 100_000), ("EUR", "", None)]


@pytest.mark.parametrize(("currency", "typed", "minor"), GOALS)
def test_the_fund_goal_is_typed_in_whole_units(
    app: Flask, office: Office, currency: str, typed: str, minor: Any
) -> None:
    office.saved("/office/cases/new", **{**CASE, "fund_currency": currency, "fund_goal": typed})
    case = only(app, Case)
    assert (case.fund_goal, case.fund_currency) == (minor, currency)
    assert f'name="fund_goal" type="number" value="{typed}"' in office.get(f"/office/cases/{case.id}/edit")


def test_bad_input_comes_back_with_a_sentence_and_everything_typed(app: Flask, office: Office) -> None:
    wrong = {
        "title": ("", "Give the case a title."), "slug": ("No Slug!", "Use small letters"), "country": ("XX", "from the list"),
        "status": ("lost", "from the list"), "fund_goal": ("many", "whole number"), "fund_currency": ("XBT", "from the list"),
        "lede": ("x\u202ey", "hidden characters"), "place": ("x" * 121, "Shorten it to 120"),
    }  # fmt: skip
    for field, (typed, sentence) in wrong.items():
        answer = office.post("/office/cases/new", **{**CASE, "story": "A long story.", field: typed})
        assert answer.status_code == 422, field
        assert sentence in answer.text and "There is a problem" in answer.text, field
        assert "A long story." in answer.text, field
    for goal in ("0", "-5", "2000001", "9" * 30):
        assert office.post("/office/cases/new", **{**CASE, "fund_goal": goal}).status_code == 422, goal
    with app.app_context():
        assert db.session.scalar(select(Case)) is None
    assert office.acts() == []


def test_two_cases_cannot_have_one_address(app: Flask, office: Office) -> None:
    office.saved("/office/cases/new", **CASE)
    taken = office.post("/office/cases/new", **{**CASE, "title": "Another"})
    assert taken.status_code == 422 and "has this address already" in taken.text and "Another" in taken.text
    office.saved("/office/cases/new", **{**CASE, "slug": "another"})
    with app.app_context():
        number = db.session.scalars(select(Case.id).where(Case.slug == "another")).one()
    taken = office.post(f"/office/cases/{number}/edit", **{**CASE, "title": "Another"})
    assert taken.status_code == 422 and "has this address already" in taken.text
    assert [act for act, _ in office.acts()] == ["case.created", "case.created"]


@pytest.mark.parametrize(
    ("answers", "dangerous"),
    [("no yes no", False), ("yes yes no", True), ("no no no", True), ("no yes yes", True), ("yes no yes", True)],
)
def test_the_safety_answers_decide_what_is_preselected(
    app: Flask, office: Office, answers: str, dangerous: bool
) -> None:
    number = case_id(app, dangerous=not dangerous)
    given = dict(zip(("endangers", "agreed", "reprisals"), answers.split(), strict=True))
    office.saved(f"/office/cases/{number}/safety", **given, note="The lawyer wrote to us.")
    case = only(app, Case)
    assert (case.dangerous, case.safety_note) == (dangerous, "The lawyer wrote to us.")
    assert case.safety_answered_at is not None
    assert ("dangerous: True" if dangerous else "dangerous: False") in office.get("/office/audit")


def test_safety_questions_must_all_be_answered(app: Flask, office: Office) -> None:
    number = case_id(app, dangerous=True)
    answer = office.post(f"/office/cases/{number}/safety", endangers="no", agreed="perhaps", note="Because.")
    assert answer.status_code == 422 and "Answer yes or no." in answer.text and "Because." in answer.text
    assert only(app, Case).dangerous


def test_people_are_added_edited_and_removed(app: Flask, office: Office) -> None:
    number = case_id(app)
    office.saved(f"/office/cases/{number}/people/new", name="Made Up", sentence="15 days", release_due="2010-05-12")
    assert "Made Up" in office.get(f"/office/cases/{number}")
    with app.app_context():
        person = db.session.scalars(select(Person).where(Person.name == "Made Up")).one()
    assert (person.release_due, person.released_on) == (date(2010, 5, 12), None)
    page = f"/office/cases/{number}/people/{person.id}"
    assert 'value="2010-05-12"' in office.get(page)
    office.saved(page, name="Made Upwards", sentence="", release_due="", released_on="2010-05-13")
    with app.app_context():
        changed = db.session.get_one(Person, person.id)
    assert (changed.name, changed.sentence, changed.release_due, changed.released_on) == (
        "Made Upwards",
        "",
        None,
        date(2010, 5, 13),
    )
    assert office.post(page, name="").status_code == 422
    assert office.post(page, name="A", release_due="tomorrow").status_code == 422
    office.saved(f"{page}/remove")
    assert "Made Up" not in office.get(f"/office/cases/{number}")
    assert [act for act, _ in office.acts()] == ["person.added", "person.edited", "person.removed"]


def test_events_are_added_edited_and_removed(app: Flask, office: Office) -> None:
    number = case_id(app)
    given = {"kind": "release", "happened_on": "2010-05-12", "title": "Free", "body": "At last.", "source": "A paper"}
    office.saved(f"/office/cases/{number}/events/new", **given, source_url="https://example.org/a")
    with app.app_context():
        event = db.session.scalars(select(Event).where(Event.title == "Free")).one()
    assert (event.kind, event.happened_on, event.source_url) == (
        EventKind.RELEASE,
        date(2010, 5, 12),
        "https://example.org/a",
    )
    page = f"/office/cases/{number}/events/{event.id}"
    office.saved(page, **{**given, "title": "Free again"})
    assert "Free again" in app.test_client().get("/news/").text
    office.saved(f"{page}/remove")
    assert "Free again" not in office.get(f"/office/cases/{number}")
    assert [act for act, _ in office.acts()] == ["event.added", "event.edited", "event.removed"]


def test_an_event_needs_a_day_a_headline_and_a_sound_source(app: Flask, office: Office) -> None:
    new = f"/office/cases/{case_id(app)}/events/new"
    sound = {"kind": "press", "happened_on": "2010-05-06", "title": "A headline"}
    for field, typed, sentence in (
        ("happened_on", "", "Write the date"), ("happened_on", "6 May", "year-month-day"), ("title", "", "Write a headline."),
        ("kind", "rumour", "from the list"), ("source_url", "javascript:alert(1)", "beginning with https://"),
        ("source_url", "data:text/html,x", "beginning with https://"), ("source_url", "https://[::1", "beginning with https://"),
        ("source_url", "//example.org", "beginning with https://"),
    ):  # fmt: skip
        answer = office.post(new, **{**sound, field: typed})
        assert answer.status_code == 422 and sentence in answer.text, (field, typed)


def test_parts_of_another_case_and_unknown_numbers_are_not_found(app: Flask, office: Office) -> None:
    mine, other = case_id(app), case_id(app)
    with app.app_context():
        person = db.session.scalars(select(Person.id).where(Person.case_id == other)).one()
        event = db.session.scalars(select(Event.id).where(Event.case_id == other)).one()
    for part in (f"people/{person}", f"events/{event}"):
        assert office.client.get(f"/office/cases/{mine}/{part}").status_code == 404
        assert office.client.head(f"/office/cases/{mine}/{part}").status_code == 404
        assert office.post(f"/office/cases/{mine}/{part}", name="Stolen").status_code == 404
        assert office.post(f"/office/cases/{mine}/{part}/remove").status_code == 404
        assert office.client.get(f"/office/cases/{other}/{part}").status_code == 200
    for number in ("999", "0", str(2**31), str(2**63), "9" * 40, "x", "1.csv"):
        assert office.client.get(f"/office/cases/{number}").status_code == 404, number
        assert office.client.get(f"/office/petitions/{number}").status_code == 404, number
    with app.app_context():
        assert db.session.get(Person, person) and db.session.get(Event, event)


def test_what_an_organiser_types_is_shown_as_text(app: Flask, office: Office) -> None:
    hostile = "<svg onload=alert(1)>{{'x'*9}}"
    office.saved("/office/cases/new", **{**CASE, "title": hostile, "lede": hostile, "urgency": hostile})
    number = only(app, Case).id
    make_safe(office, number)
    told = {"title": hostile, "lede": hostile, "urgency": hostile, "status": "active"}
    office.saved(f"/office/cases/{number}/edit", **{**CASE, **told})
    office.saved(f"/office/cases/{number}/people/new", name="A " + hostile, about=hostile)
    for path in ("/office/", f"/office/cases/{number}", f"/office/cases/{number}/edit", "/office/audit"):
        page = office.client.get(path).text
        assert "<svg onload" not in page and "x" * 9 not in page, path


def test_a_long_story_in_any_script_fits(app: Flask, office: Office) -> None:
    story = "Свобода! " * 2200
    office.saved("/office/cases/new", **CASE, story=story)
    assert only(app, Case).story == story.strip()
    assert office.post("/office/cases/new", **{**CASE, "slug": "b"}, story="я" * 20_001).status_code == 422
