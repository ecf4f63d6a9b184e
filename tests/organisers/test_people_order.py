"""The order in which a case names people: chosen in the office, the same on every public page."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from cases.models import Case, Event, EventKind, Person
from core.db import db
from organisers.cases import services as case_services
from tests.factories import make_case, make_petition
from tests.organisers.conftest import Office

NAMES = ("Ada Example", "Ben Example", "Cleo Example")


@pytest.fixture
def people(app: Flask) -> dict[str, str]:
    """Each person's page in the office, by name; three in a case who were entered without an order."""
    with app.app_context():
        case = make_case(slug="the-case")
        make_petition(case, slug="the-petition")
        case.people[:] = [Person(name=name) for name in NAMES]
        db.session.commit()
        return {person.name: f"/office/cases/{case.id}/people/{person.id}" for person in case.people}


def shown(app: Flask, path: str) -> list[str]:
    return re.findall(r"<bdi>(\w+) Example</bdi>", app.test_client().get(f"{path}?now").text)


def order(app: Flask) -> list[str]:
    for path in ("/cases/the-case", "/petitions/the-petition"):
        assert shown(app, path) == shown(app, "/cases/the-case"), path
    return shown(app, "/cases/the-case")


def test_people_without_an_order_stand_as_they_were_entered(app: Flask, people: dict[str, str]) -> None:
    with app.app_context():  # PostgreSQL would show who came to a case last as the last
        ben = db.session.scalars(select(Person).where(Person.name == NAMES[1])).one()
        here, there = ben.case_id, make_case().id
        for case_id in (there, here):
            ben.case_id = case_id
            db.session.commit()
    assert order(app) == ["Ada", "Ben", "Cleo"]


def test_people_are_moved_one_place_a_press(app: Flask, office: Office, people: dict[str, str]) -> None:
    for name, way, after in (
        ("Cleo Example", "up", ["Ada", "Cleo", "Ben"]), ("Cleo Example", "up", ["Cleo", "Ada", "Ben"]),
        ("Cleo Example", "down", ["Ada", "Cleo", "Ben"]), ("Ada Example", "down", ["Cleo", "Ada", "Ben"]),
    ):  # fmt: skip
        assert office.saved(f"{people[name]}/{way}").endswith("#people")
        assert order(app) == after
    assert office.acts() == [("person.moved", "the-case")] * 4 and "to: 2" in office.get("/office/audit")
    office.saved(people["Ada Example"].rsplit("/", 1)[0] + "/new", name="Dora Example")
    office.saved(people["Ben Example"], name="Ben Example", about="A printer.")
    assert order(app) == ["Cleo", "Ada", "Ben", "Dora"], "who is added comes last, who is edited stays"


def test_a_press_counts_from_what_another_organiser_did_meanwhile(app: Flask, people: dict[str, str]) -> None:
    with app.app_context():
        for position, person in enumerate(db.session.scalars(select(Person).order_by(Person.id)), 1):
            person.position = position
        db.session.commit()
        ada = {person.name: person for person in db.session.scalars(select(Person).order_by(Person.id))}[NAMES[0]]
        with app.app_context():
            case_services.move_person(db.session.get_one(Person, ada.id), "down", actor="cli")
            db.session.commit()
        assert order(app) == ["Ben", "Ada", "Cleo"]
        case_services.move_person(ada, "up", actor="cli")
        db.session.commit()
        assert sorted(db.session.scalars(select(Person.position))) == [1, 2, 3]
    assert order(app) == ["Ada", "Ben", "Cleo"]


def test_nobody_is_moved_past_the_ends(app: Flask, office: Office, people: dict[str, str]) -> None:
    page = office.get(people["Ada Example"].rsplit("/people", 1)[0])
    first, last = (page.split(f">{name}</a>", 1)[1].split("</li>", 1)[0] for name in (NAMES[0], NAMES[2]))
    assert "Move up" not in first and "Move down" in first and "Move down" not in last and "Move up" in last
    for name, way in ((NAMES[0], "up"), (NAMES[2], "down")):
        assert "#" not in office.saved(f"{people[name]}/{way}")
        assert "nothing was changed" in office.get(people[name].rsplit("/people", 1)[0])
    assert office.post(f"{people[NAMES[0]]}/left").status_code == 404
    assert order(app) == ["Ada", "Ben", "Cleo"] and office.acts() == []


def test_a_single_person_has_no_buttons(app: Flask, office: Office) -> None:
    with app.app_context():
        number = make_case().id
    assert "Move" not in office.get(f"/office/cases/{number}")


def test_events_of_one_day_stand_in_the_order_of_entry_the_newest_first(app: Flask, office: Office) -> None:
    with app.app_context():
        case = make_case(slug="the-case")
        day = case.events[0].happened_on
        case.events.extend(Event(kind=EventKind.OTHER, happened_on=day, title=f"Event {name}") for name in "BA")
        db.session.commit()
        case = db.session.scalars(select(Case).execution_options(populate_existing=True)).one()
        assert [event.title for event in case.events] == ["Event A", "Event B", "Appeal rejected"]
