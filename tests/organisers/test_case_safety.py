"""The case-safety gate, freezing and blurring: what the office refuses, and what the public reads afterwards."""

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from cases.models import Case, CaseStatus, Consent, Event, Person
from core import audit, clock
from core.db import db
from petitions import services as petitions
from petitions.models import Petition, Signature
from petitions.states import PetitionState
from tests.conftest import files_with
from tests.factories import make_case, make_petition
from tests.organisers.conftest import EMAIL, Office
from tests.organisers.test_cases import CASE, CONSENT, make_safe
from tests.petitions.conftest import Campaign

NAME, SURNAME, CYRILLIC = "Zarina Testova", "Testova", "Зарина Тестова"


def tomorrow(days: int = 1) -> str:
    return str(clock.now().date() + timedelta(days=days))


def draft(office: Office) -> int:
    office.saved("/office/cases/new", **CASE)
    with office.app.app_context():
        return db.session.scalars(select(Case.id)).one()


def publish(office: Office, number: int) -> Any:
    return office.post(f"/office/cases/{number}/edit", **{**CASE, "status": "active"})


def named_case(app: Flask) -> Campaign:
    """A case whose every text names a made-up person, and its petition."""
    with app.app_context():
        case = make_case(
            title=f"Free {NAME}", lede=f"{SURNAME} is held.", story=f"We stand by *{CYRILLIC}* and {SURNAME}s family.",
            slug="the-case", place="Almaty",
        )  # fmt: skip
        case.people[0].name, case.people[0].other_spellings = NAME, f"{CYRILLIC}\nZ. Testowa"
        case.people[0].release_due = clock.now().date() + timedelta(days=9)
        case.events[0].title, case.events[0].body = f"{NAME} in court", f"They led {SURNAME} in."
        case.events[0].source, case.events[0].source_url = "A paper", "https://example.org/zarina-testova"
        db.session.commit()
        petition = make_petition(
            case,
            title=f"Release {NAME}",
            ask=f"Let {SURNAME} go.",
            letter=f"We ask you to free {NAME}.",
            slug="the-petition",
        )
        return Campaign(app, petition.id, petition.slug)


PUBLIC = (
    "/", "/cases/", "/cases/the-case", "/cases/the-case.json", "/news/", "/news/2010/05/", "/petitions/",
    "/petitions/the-petition", "/petitions/the-petition.json", "/petitions/the-petition/count.json",
    "/petitions/the-petition/signatories", "/donate", "/donate/the-case", "/signatures/manage",
)  # fmt: skip
NAMED = re.compile("Zarina|Test(ova|owa)|Зарина|Тестова", re.IGNORECASE)


def read(app: Flask, path: str) -> tuple[int, str]:
    """Status and text as the public gets them, past the page cache."""
    answer = app.test_client().get(f"{path}?fresh", follow_redirects=True)
    return answer.status_code, answer.text


def in_json(page: str) -> str:
    return json.dumps(json.loads(page), ensure_ascii=False) if page.startswith("{") else page


def test_a_case_is_published_once_consent_and_review_are_recorded(app: Flask, office: Office) -> None:
    number = draft(office)
    office.saved(f"/office/cases/{number}/people/new", name=NAME)
    refused = publish(office, number)
    assert refused.status_code == 422
    assert (
        f"Record who agreed that this site tells of {NAME}." in refused.text
        and "Set a day that lies ahead" in refused.text
    )
    office.saved(f"/office/cases/{number}/review", review_on=tomorrow())
    refused = publish(office, number)
    assert refused.status_code == 422 and "Set a day" not in refused.text and f"tells of {NAME}" in refused.text
    assert f"tells of {NAME}" in office.get(f"/office/cases/{number}")
    with app.app_context():
        person = db.session.scalars(select(Person.id)).one()
    office.saved(f"/office/cases/{number}/consents", **{**CONSENT, "person": str(person)})
    assert publish(office, number).status_code == 303
    assert app.test_client().get("/cases/free-the-example").status_code == 200
    acts = [act for act, _ in office.acts()]
    assert acts == ["case.created", "person.added", "case.reviewed", "consent.recorded", "case.edited"]


def test_a_new_case_cannot_begin_public(app: Flask, office: Office) -> None:
    answer = office.post("/office/cases/new", **{**CASE, "status": "active"})
    assert answer.status_code == 422 and "Make it a draft first." in answer.text
    with app.app_context():
        assert db.session.scalar(select(Case)) is None


def test_a_petition_waits_for_what_its_case_lacks(app: Flask, office: Office) -> None:
    with app.app_context():
        petition = make_petition()
        petition.state = PetitionState.DRAFT
        petition.case.review_on = clock.now().date()
        db.session.execute(db.delete(Consent))
        db.session.commit()
        number, name = petition.id, petition.case.people[0].name
    refused = office.post(f"/office/petitions/{number}/publish")
    assert refused.status_code == 422
    assert f"tells of {name}" in refused.text and "Set a day that lies ahead" in refused.text
    with app.app_context():
        case_number = db.session.scalars(select(Case.id)).one()
    make_safe(office, case_number)
    assert office.post(f"/office/petitions/{number}/publish").status_code == 303


WRONG = [
    ("basis", "rumour", "Choose one of these."),
    ("means", "", "Choose how it was said."), ("given_on", "May", "year-month-day"),
    ("given_on", tomorrow(), "Write a day that has been"), ("note", " ", "Say in a sentence"),
    ("person", "77", "from the list"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "typed", "sentence"), WRONG)
def test_a_consent_says_who_how_and_when(app: Flask, office: Office, field: str, typed: str, sentence: str) -> None:
    number = draft(office)
    answer = office.post(f"/office/cases/{number}/consents", **{**CONSENT, field: typed})
    assert answer.status_code == 422 and sentence in answer.text
    with app.app_context():
        assert db.session.scalar(select(Consent)) is None


@pytest.mark.parametrize("day", [tomorrow(0), tomorrow(-30), tomorrow(400), ""])
def test_the_next_review_lies_ahead_and_within_a_year(app: Flask, office: Office, day: str) -> None:
    number = draft(office)
    assert office.post(f"/office/cases/{number}/review", review_on=day).status_code == 422
    with app.app_context():
        assert db.session.get_one(Case, number).review_on is None


def test_the_note_is_sealed_and_reading_it_is_journalled(app: Flask, office: Office) -> None:
    number = draft(office)
    office.saved(f"/office/cases/{number}/consents", **{**CONSENT, "note": "Sentinelsister called."})
    with app.app_context():
        consent = db.session.scalars(select(Consent)).one()
        assert consent.recorded_by == EMAIL and b"Sentinelsister" not in bytes(consent.blob or b"")
        if db.engine.dialect.name == "sqlite":
            assert files_with("Sentinelsister", app.config["UNDERSIGNED"].data) == []
    page = f"/office/cases/{number}/protection"
    assert "Sentinelsister" not in office.get(page)
    opened = office.post(f"/office/cases/{number}/consents/{consent.id}/open")
    assert opened.status_code == 200 and "Sentinelsister called." in opened.text
    assert office.acts()[-1] == ("consent.opened", CASE["slug"])
    with app.app_context():
        assert "Sentinelsister" not in str([entry.detail for entry in audit.latest(50)])
        other = make_case().id
    assert office.post(f"/office/cases/{other}/consents/{consent.id}/open").status_code == 404
    assert office.post(f"/office/cases/{other}/consents/{consent.id}/remove").status_code == 404
    office.saved(f"/office/cases/{number}/consents/{consent.id}/remove")
    with app.app_context():
        assert db.session.get(Consent, consent.id) is None
    assert "Record who agreed" in office.get(page)


def test_organisers_are_told_once_when_a_review_is_due_and_nothing_is_taken_down(app: Flask, office: Office) -> None:
    campaign = named_case(app)
    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        case.review_on = clock.now().date()
        db.session.add(Case(slug="a-draft", title="A draft", country="KZ", review_on=date(2020, 1, 1)))
        db.session.commit()
        number = case.id
    campaign.work()
    campaign.work()
    told = [mail for mail in campaign.mails(EMAIL) if f"/office/cases/{number}/protection" in mail.text]
    assert len(told) == 1 and len(campaign.mails()) == 1
    assert "looked at again" in told[0].text and not NAMED.search(told[0].subject + told[0].text)
    assert "Review is due" in office.get("/office/") and "Set a day" in office.get(f"/office/cases/{number}")
    assert read(app, "/cases/the-case")[0] == 200
    with app.app_context():
        db.session.execute(
            update(Case).where(Case.id == number).values(review_on=clock.now().date() - timedelta(days=1))
        )
        db.session.commit()
    campaign.work()
    assert len(campaign.mails(EMAIL)) == 2
    office.saved(f"/office/cases/{number}/review", review_on=tomorrow(30))
    assert "Review is due" not in office.get("/office/")


def test_a_frozen_case_shows_no_word_of_itself_anywhere(app: Flask, office: Office) -> None:
    campaign = named_case(app)
    campaign.signed(name="Open Supporter", visibility="public")
    number = case_number(app)
    before = {path: read(app, path) for path in PUBLIC}
    assert "Open Supporter" in before["/petitions/the-petition"][1] and NAMED.search(before["/"][1])
    assert 'value="the-case"' in before["/donate"][1] and NAMED.search(before["/signatures/manage"][1])
    assert office.saved(f"/office/cases/{number}/freeze") == f"/office/cases/{number}"
    for path in PUBLIC:
        status, page = read(app, path)
        assert not NAMED.search(in_json(page)) and "Open Supporter" not in page, path
        assert status == (409 if path.endswith(("/signatories", "/donate/the-case")) else 200), path
    for path in ("/cases/the-case", "/petitions/the-petition"):
        assert "Frozen for safety" in read(app, path)[1]
        document = json.loads(read(app, f"{path}.json")[1])
        known = json.loads(before[f"{path}.json"][1])
        assert document["frozen"] is True and document["title"] is None and known.keys() <= document.keys()
    assert "Almaty" not in read(app, "/news/2010/05/")[1] and "May 2010" not in read(app, "/news/")[1]
    for path in ("sheet.pdf", "qr.svg", "thanks"):
        assert read(app, f"/petitions/the-petition/{path}")[0] == 409, path
    office.saved(f"/office/cases/{number}/unfreeze")
    assert {path: _without_token(read(app, path)[1]) for path in PUBLIC} == {
        path: _without_token(page) for path, (_, page) in before.items()
    }
    assert [act for act, _ in office.acts()][-2:] == ["case.frozen", "case.unfrozen"]


def test_a_frozen_case_takes_no_signature_and_no_gift_but_lets_people_leave(app: Flask, office: Office) -> None:
    campaign = named_case(app)
    mail = campaign.signed("first@example.org")
    campaign.sign("second@example.org")
    campaign.work()
    waiting = campaign.mails("second@example.org")[-1]
    office.saved(f"/office/cases/{case_number(app)}/freeze")
    refused = campaign.sign("third@example.org")
    assert refused.status_code == 409 and "Frozen for safety" in refused.text
    given = {"token": campaign.token(), "amount": "5", "currency": "EUR", "frequency": "once", "email": "d@example.org"}
    assert campaign.client.post("/donate/the-case", data=given).status_code == 409
    confirm = campaign.press(waiting.links["confirm"])
    assert confirm.status_code == 409 and "Frozen for safety" in confirm.text
    shown = campaign.client.get(mail.links["withdraw"])
    assert shown.status_code == 200 and not NAMED.search(shown.text)
    assert campaign.press(mail.links["withdraw"]).status_code == 303
    with app.app_context():
        assert [state.value for state in db.session.scalars(select(Signature.state))] == ["withdrawn"]
    office.saved(f"/office/cases/{case_number(app)}/unfreeze")
    petitions.forget()
    assert campaign.press(waiting.links["confirm"]).status_code == 303


def test_a_blurred_case_shows_initials_and_everything_else(app: Flask, office: Office) -> None:
    campaign = named_case(app)
    number = case_number(app)
    for path in ("/cases/the-case", "/cases/the-case.json", "/petitions/the-petition", "/news/"):
        assert NAMED.search(in_json(read(app, path)[1])), path
    office.saved(f"/office/cases/{number}/blur")
    for path in PUBLIC:
        status, page = read(app, path)
        assert status == 200 and not NAMED.search(in_json(page)), path
    page = read(app, "/cases/the-case")[1]
    for words in (
        "Free Z. T.",
        "T. is held.",
        "<em>З. Т.</em>",
        "T. family",
        "Z. T. in court",
        "A paper",
        "release of Z. T.",
    ):
        assert words in page, words
    assert "We ask you to free Z. T." in read(app, "/petitions/the-petition")[1]
    assert json.loads(read(app, "/cases/the-case.json")[1])["people"][0]["name"] == "Z. T."
    mail = campaign.signed("ada@example.org")
    assert "Release Z. T." in mail.text and not NAMED.search(mail.text)
    assert not NAMED.search(campaign.client.get(mail.links["withdraw"]).text)
    assert NAME in office.get(f"/office/cases/{number}")
    office.saved(f"/office/cases/{number}/unblur")
    assert NAME in read(app, "/cases/the-case")[1] and NAME in read(app, "/petitions/the-petition")[1]
    with app.app_context():
        assert db.session.scalars(select(Person.name)).one() == NAME
        assert db.session.scalars(select(Event.source_url)).one() == "https://example.org/zarina-testova"
        agreed = db.session.scalars(select(Signature.consent_digest)).one()
        kept = db.session.execute(text("SELECT text FROM consent_texts WHERE digest = :d"), {"d": agreed}).scalar_one()
    assert "free Z. T." in kept, "what was agreed to is what was shown"


def test_who_signs_before_and_after_a_blur_is_confirmed_alike(app: Flask, office: Office) -> None:
    campaign = named_case(app)
    campaign.sign("before@example.org")
    campaign.work()
    office.saved(f"/office/cases/{case_number(app)}/blur")
    petitions.forget()
    campaign.press(campaign.mails("before@example.org")[-1].links["confirm"])
    campaign.signed("after@example.org")
    with app.app_context():
        person = db.session.scalars(select(Person)).one()
    page = f"/office/cases/{case_number(app)}/people/{person.id}"
    office.saved(page, name="Petra Andersen", other_spellings="Testova")
    petitions.forget()
    campaign.signed("later@example.org")
    with app.app_context():
        assert len(db.session.scalars(select(Signature.id)).all()) == 3


def test_the_page_cache_keeps_a_name_for_a_second_at_most(app: Flask) -> None:
    named_case(app)
    for path in ("/cases/the-case", "/petitions/the-petition", "/cases/the-case.json", "/news/", "/"):
        assert "s-maxage=1" in app.test_client().get(path).headers["Cache-Control"].split(", "), path


def case_number(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(select(Case.id).where(Case.slug == "the-case")).one()


def _without_token(page: str) -> str:
    return re.sub(r'name="token"[^>]*value="[^"]*"', "", page)


def test_the_seeded_case_may_be_published_and_says_on_what_it_rests(app: Flask, office: Office) -> None:
    result = app.test_cli_runner().invoke(args=["seed", "--demo"])
    assert result.exit_code == 0, result.output
    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        petition = db.session.scalars(select(Petition)).one()
        consent = db.session.scalars(select(Consent)).one()
        assert case.status == CaseStatus.ACTIVE and petition.state == PetitionState.OPEN
    assert "All that is needed for publishing is recorded." in office.get(f"/office/cases/{case.id}/protection")
    note = office.post(f"/office/cases/{case.id}/consents/{consent.id}/open").text
    assert "news page of May 2010" in note and "no consent was asked for" in note
