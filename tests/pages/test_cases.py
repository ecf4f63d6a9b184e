"""Cases in public: the list, the page, the JSON; and what is cached of them."""

from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cases.models import Case, CaseStatus, Event, EventKind, Person
from core import clock
from core.db import db
from donations.models import Donation, Frequency, Payment, PaymentStatus
from petitions import services as petition_services
from petitions.counting.models import Tally
from petitions.states import PetitionState
from tests.factories import make_case, make_petition
from tests.pages.conftest import Get


def test_a_case_names_its_people_events_and_petitions(app: Flask, get: Get) -> None:
    with app.app_context():
        case = make_case(slug="a-case", title="A case", story="It *began* here.", place="Almaty")
        petition = make_petition(case, title="Let them go")
        db.session.add(Tally(petition_id=petition.id, dimension="total", value="", signatures=1234))
        db.session.commit()
        person = case.people[0].name
    page = get("/cases/a-case").text
    for words in (
        "A case",
        "It <em>began</em> here.",
        person,
        "15 days",
        "Appeal rejected",
        "Source: A source",
        "Let them go",
        "1,234",
    ):
        assert words in page
    assert 'href="/donate/a-case"' in page


def test_what_is_not_known_of_a_person_is_not_shown(app: Flask, get: Get) -> None:
    with app.app_context():
        make_case(slug="unknown")
    page = get("/cases/unknown").text
    assert "Sentence" in page
    assert not any(words in page for words in ("Held at", "Charge", "Release due", "None"))


def test_a_release_replaces_the_day_on_which_it_was_due(app: Flask, get: Get) -> None:
    with app.app_context():
        case = make_case(slug="freed")
        case.people[0].release_due, case.people[0].released_on = date(2010, 5, 12), date(2010, 5, 11)
        db.session.commit()
    page = get("/cases/freed").text
    assert "11 May 2010" in page
    assert "12 May 2010" not in page


def test_the_next_release_is_named_while_it_is_to_come(app: Flask, get: Get) -> None:
    with app.app_context():
        case = make_case(slug="soon")
        today = clock.now().date()
        for name, days in (("Earlier", -1), ("Nearest", 1), ("Later", 2)):
            case.people.append(Person(name=name, release_due=today + timedelta(days=days)))
        db.session.commit()
    assert "release of Nearest due on" in get("/cases/soon").text


@pytest.mark.parametrize("path", ["/cases/secret", "/cases/secret.json"])
def test_a_draft_does_not_exist_for_the_public(app: Flask, get: Get, path: str) -> None:
    with app.app_context():
        make_case(slug="secret", status=CaseStatus.DRAFT)
    assert get(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/cases/", "/news/", "/news/2010/05/"])
def test_lists_leave_drafts_out_and_keep_won_cases(app: Flask, get: Get, path: str) -> None:
    with app.app_context():
        make_case(slug="secret", title="Secret case", status=CaseStatus.DRAFT)
        make_case(slug="won", title="Won case", status=CaseStatus.WON)
    page = get(path).text
    assert "Won case" in page
    assert "Secret case" not in page


def test_the_json_has_every_key_and_null_for_what_is_unknown(app: Flask, get: Get) -> None:
    with app.app_context():
        case = make_case(slug="doc", title="A case")
        petition_slug = make_petition(case).slug
        person = case.people[0].name
    document = get("/cases/doc.json").json
    assert document is not None
    assert {key: document[key] for key in ("slug", "title", "status", "place", "raised")} == {
        "slug": "doc", "title": "A case", "status": "active", "place": None, "raised": {},
    }  # fmt: skip
    assert document["people"] == [
        {
            "name": person, "about": None, "charge": None, "sentence": "15 days", "held_at": None,
            "release_due": None, "released_on": None,
        }
    ]  # fmt: skip
    assert document["events"] == [
        {
            "kind": "appeal", "date": "2010-05-06", "title": "Appeal rejected", "body": None, "source": "A source",
            "source_url": None,
        }
    ]  # fmt: skip
    assert [(shown["slug"], shown["state"], shown["signatures"]) for shown in document["petitions"]] == [
        (petition_slug, "open", 0)
    ]


def test_what_was_given_is_shown_in_minor_units_by_currency(app: Flask, get: Get) -> None:
    with app.app_context():
        give(make_case(slug="rich"), 2500)
    assert get("/cases/rich.json").json["raised"] == {"EUR": 2500}  # type: ignore[index]
    assert "Given so far: €25" in get("/cases/rich").text


def test_closed_petitions_stand_on_the_case_but_not_on_the_start_page(app: Flask, get: Get) -> None:
    with app.app_context():
        petition = make_petition(make_case(slug="over"), title="An old letter")
        petition_services.move(petition, PetitionState.CLOSED)
        db.session.commit()
    assert "An old letter" in get("/cases/over").text
    assert "An old letter" not in get("/").text


def test_an_organisers_text_cannot_bring_script_or_a_foreign_scheme(app: Flask, get: Get) -> None:
    with app.app_context():
        case = make_case(
            slug="hostile", story="<script>alert(1)</script> [x](javascript:alert(1))", title="<b>Bold</b>"
        )
        case.events.append(
            Event(
                kind=EventKind.PRESS,
                happened_on=date(2010, 5, 7),
                title="T",
                source="S",
                source_url="javascript:alert(1)",
            )
        )
        db.session.commit()
    page = get("/cases/hostile").text
    assert "<script" not in page
    assert "<b>Bold" not in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize(
    "path", ["/", "/cases/", "/cases/kept", "/cases/kept.json", "/news/", "/news/2010/05/", "/privacy"]
)
def test_public_pages_are_the_same_for_all_and_answer_304(app: Flask, client: FlaskClient, path: str) -> None:
    with app.app_context():
        make_case(slug="kept")
    answer = client.get(path)
    assert answer.status_code == 200
    assert "s-maxage=1" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def give(case: Case, minor: int) -> None:
    donation = Donation(
        public_id="gift",
        case_id=case.id,
        amount=minor,
        currency="EUR",
        frequency=Frequency.ONCE,
        key_id="k",
        data_key_id="d",
    )
    db.session.add(donation)
    db.session.flush()
    given = {"amount": minor, "currency": "EUR", "status": PaymentStatus.PAID, "case_id": case.id}
    db.session.add(Payment(stripe_id="pi_1", donation_id=donation.id, **given))
    db.session.commit()
