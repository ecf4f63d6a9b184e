"""A person becomes initials everywhere: reviewed first, done in one act, and the name is found nowhere afterwards."""

import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select, text

from cases.models import Case, Event, GoneAddress, Person
from cases.translations import services as translations
from core.db import db
from petitions import services as petitions
from petitions.models import Petition
from tests.factories import make_case
from tests.organisers.conftest import Office
from tests.organisers.test_case_safety import NAMED, PUBLIC, in_json, named_case, read
from tests.petitions.conftest import Campaign

OLD = ("/cases/free-zarina-testova", "/petitions/release-zarina-testova")
NEW = {"slug_cases_1": "the-case", "slug_petitions_1": "the-petition"}
CLEAR = (
    "cases", "people", "petitions", "events", "gone_addresses", "jobs", "petition_versions", "petition_translations",
    "updates", "comments", "case_translations", "person_translations", "event_translations",
)  # fmt: skip


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    made = named_case(app)
    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        case.slug = "free-zarina-testova"
        translations.write(case, "ru", actor="cli", title="Зарина Тестова", story="Zarina Testova")
        translations.write(case.people[0], "ru", actor="cli", about="Зарина Тестова")
        translations.write(case.events[0], "ru", actor="cli", body="Зарина Тестова")
        db.session.scalars(select(Petition)).one().slug = "release-zarina-testova"
        db.session.commit()
    return made


def page(app: Flask) -> str:
    with app.app_context():
        person = db.session.scalars(select(Person).where(Person.case_id == 1)).one()
        return f"/office/cases/{person.case_id}/people/{person.id}/initials"


def fields(office: Office, path: str) -> dict[str, Any]:
    """What the form of the page holds."""
    shown = office.get(path)
    ticks = re.findall(r'name="accept" value="([^"]+)" checked', shown)
    seen = re.search(r'name="seen"[^>]*value="(\w+)"', shown)
    assert seen
    return {"seen": seen[1], "accept": ticks, **NEW}


def test_every_place_is_shown_with_what_will_stand_there(app: Flask, office: Office, campaign: Campaign) -> None:
    shown = office.get(page(app))
    for old, new in (("Zarina Testova", "Z. T."), ("Зарина Тестова", "З. Т."), ("Testova", "T."), ("Testovas", "T.")):
        assert f"<del>{old}</del> <ins>{new}</ins>" in shown, old
    assert "<del>https://example.org/zarina-testova</del> <ins></ins>" in shown
    assert 'value="free-z-t"' in shown and 'value="release-z-t"' in shown
    with app.app_context():
        assert db.session.scalars(select(Person.name)).one() == "Zarina Testova", "looking changes nothing"


def test_afterwards_the_name_is_found_nowhere(app: Flask, office: Office, campaign: Campaign) -> None:
    elsewhere = named_elsewhere(app)
    assert app.test_client().get(f"{OLD[1]}/sheet.pdf").status_code == 200
    path = page(app)
    assert office.saved(path, **fields(office, path)) == "/office/cases/1"
    petitions.forget()
    for address in (
        *PUBLIC,
        *(f"{old}{end}" for old in OLD for end in ("", ".json")),
        elsewhere,
        "/donate/free-zarina-testova",
    ):
        shown = re.sub(r"free-zarina-testova|release-zarina-testova", "", read(app, address)[1])
        assert not NAMED.search(in_json(shown)), address
    assert "Z. T." in read(app, "/cases/the-case")[1] and "free Z. T." in read(app, "/petitions/the-petition")[1]
    sheet = app.test_client().get("/petitions/the-petition/sheet.pdf")
    words = "".join(part.extract_text() for part in PdfReader(io.BytesIO(sheet.data)).pages)
    assert "Z. T." in words and not NAMED.search(words)
    with app.app_context():
        number = db.session.scalars(select(Petition.public_id)).one()
    kept = (app.config["UNDERSIGNED"].data / "sheets").glob(f"{number}-*.pdf")
    assert len(list(kept)) == 1, "the old sheet is thrown away"
    mail = campaign_at_new_address(campaign).signed("ada@example.org")
    assert "Release Z. T." in mail.text and not NAMED.search(mail.text + mail.subject)
    with app.app_context():
        for table in CLEAR:
            rows = db.session.execute(text(f"SELECT * FROM {table}")).all()
            assert not NAMED.search(repr([tuple(row) for row in rows])), table
    assert ("person.made_initials", "the-case") in office.acts()
    assert not NAMED.search(office.get("/office/cases/1"))


def named_elsewhere(app: Flask) -> str:
    with app.app_context():
        case = make_case(slug="another", lede="With Zarina Testova.")
        return f"/cases/{case.slug}"


def campaign_at_new_address(campaign: Campaign) -> Campaign:
    return Campaign(campaign.app, campaign.id, "the-petition")


def test_old_addresses_are_gone_lead_nowhere_and_stand_nowhere(app: Flask, office: Office, campaign: Campaign) -> None:
    path = page(app)
    office.saved(path, **fields(office, path))
    petitions.forget()
    for old in OLD:
        answer = app.test_client().get(old)
        assert answer.status_code == 410 and "This page is gone" in answer.text and "the-" not in answer.text, old
        assert app.test_client().get(f"{old}x").status_code == 404
    assert app.test_client().get("/petitions/free-zarina-testova").status_code == 404, "each kind has its own addresses"
    assert app.test_client().get("/donate/free-zarina-testova").status_code == 410
    refused = app.test_client().post(f"{OLD[1]}/sign", data={"token": campaign.token()})
    assert refused.status_code == 410
    with app.app_context():
        assert len(db.session.scalars(select(GoneAddress.digest)).all()) == 2


def test_a_part_of_the_name_that_means_something_else_stays_a_whole_name_never(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    path = page(app)
    given = fields(office, path)
    kept = [key for key in given["accept"] if key.startswith("cases.1.lede")]
    assert len(kept) == 1
    office.saved(path, **{**given, "accept": [key for key in given["accept"] if key not in kept]})
    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        assert (case.lede, case.title) == ("Testova is held.", "Free Z. T.")
    with app.app_context():
        assert db.session.scalars(select(Event.source_url)).one() == ""


def test_what_was_edited_since_the_look_is_shown_again_first(app: Flask, office: Office, campaign: Campaign) -> None:
    path = page(app)
    given = fields(office, path)
    with app.app_context():
        db.session.scalars(select(Case)).one().lede = "The mother of Testova writes."
        db.session.commit()
    answer = office.post(path, **given)
    assert answer.status_code == 422 and "edited meanwhile" in answer.text and "The mother of" in answer.text
    with app.app_context():
        assert db.session.scalars(select(Person.name)).one() == "Zarina Testova"
        assert db.session.scalar(select(GoneAddress)) is None
    office.saved(path, **fields(office, path))


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [
        ("still-testova", "holds a part of the name"),
        ("another", "has this address already"),
        ("No!", "Use small letters"),
    ],
)
def test_a_new_address_is_free_and_names_nobody(
    app: Flask, office: Office, campaign: Campaign, slug: str, sentence: str
) -> None:
    with app.app_context():
        make_case(slug="another")
    path = page(app)
    answer = office.post(path, **{**fields(office, path), "slug_cases_1": slug})
    assert answer.status_code == 422 and sentence in answer.text
    with app.app_context():
        assert db.session.get_one(Case, 1).slug == "free-zarina-testova"
        assert db.session.get_one(Case, 1).title == "Free Zarina Testova"


def test_initials_stay_initials_whatever_is_typed_later(app: Flask, office: Office, campaign: Campaign) -> None:
    path = page(app)
    office.saved(path, **fields(office, path))
    office.saved(path.removesuffix("/initials"), name="Zarina Testova")
    assert [one["name"] for one in json.loads(read(app, "/cases/the-case.json")[1])["people"]] == ["Z. T."]
    assert not NAMED.search(in_json(read(app, "/cases/the-case.json")[1]))
    assert not NAMED.search(read(app, "/cases/the-case")[1])
