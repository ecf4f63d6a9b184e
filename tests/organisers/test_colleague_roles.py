"""Several roles of one person: each with its cases, given and taken away one by one; one owner always stays."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import db
from organisers import services
from organisers.accounts import colleagues
from organisers.accounts.models import Membership, OfficeRole
from organisers.models import Organiser
from tests.factories import make_case, make_petition
from tests.organisers.conftest import EMAIL, Office, enter
from tests.organisers.test_colleagues import INVITE, NEW, acts_on, id_of, mails, press, roles

OLEG = "oleg@example.org"
TAKE = re.compile(r'action="(/office/colleagues/\d+/roles/\d+/take)"')


def page_of(app: Flask, email: str) -> str:
    return f"/office/colleagues/{id_of(app, email)}"


def takes(office: Office, email: str) -> list[str]:
    """Where the page's buttons that take a role away lead to, in the order of the page."""
    return TAKE.findall(office.get(page_of(office.app, email)))


def take(office: Office, email: str, role: str, case_id: int | None = None) -> Any:
    with office.app.app_context():
        mine = (
            select(Membership.id).join(Organiser).where(Organiser.email == email, Membership.role == OfficeRole(role))
        )
        of_case = Membership.case_id.is_(None) if case_id is None else Membership.case_id == case_id
        found = db.session.scalars(mine.where(of_case)).one()
    return office.post(f"{page_of(office.app, email)}/roles/{found}/take")


def two_cases(app: Flask) -> tuple[int, int]:
    with app.app_context():
        return make_petition(make_case(title="Our own case")).id, make_petition(make_case(title="Another case")).id


def role_details(app: Flask) -> list[tuple[str, Any]]:
    with app.app_context():
        rows = select(AuditEntry.act, AuditEntry.detail).where(AuditEntry.subject == OLEG).order_by(AuditEntry.id)
        return [(act.removeprefix("organiser."), detail) for act, detail in db.session.execute(rows) if "role_" in act]


def test_one_person_is_organiser_of_one_case_and_viewer_of_another_and_treasurer(app: Flask, office: Office) -> None:
    ours, theirs = two_cases(app)
    other = enter(app, OLEG)
    page = page_of(app, OLEG)
    office.saved(page, role="organiser", cases=["1"])
    office.saved(page, role="viewer", cases=["2"])
    assert take(office, OLEG, "owner").status_code == 303
    assert roles(app, OLEG) == {("organiser", 1), ("viewer", 2)}
    shown = office.get(page)
    assert "Organiser</strong>, Our own case" in shown and "Viewer</strong>, Another case" in shown
    assert "Organiser: Our own case" in office.get("/office/colleagues")
    for petition, opens in ((ours, 200), (theirs, 403)):
        assert other.client.get(f"/office/petitions/{petition}").status_code == 200
        assert other.client.get(f"/office/petitions/{petition}/edit").status_code == opens
    assert other.client.get("/office/books").status_code == 403
    office.saved(page, role="treasurer", cases=["1"])
    assert roles(app, OLEG) == {("organiser", 1), ("viewer", 2), ("treasurer", None)}
    assert other.client.get("/office/books").status_code == 200
    take(office, OLEG, "organiser", 1)
    assert other.client.get(f"/office/petitions/{ours}").status_code == 404
    assert role_details(app) == [
        ("role_given", {"role": "organiser", "cases": [1]}), ("role_given", {"role": "viewer", "cases": [2]}),
        ("role_taken", {"role": "owner", "cases": []}), ("role_given", {"role": "treasurer", "cases": []}),
        ("role_taken", {"role": "organiser", "cases": [1]}),
    ]  # fmt: skip


def test_giving_adds_cases_and_every_case_takes_the_place_of_some(app: Flask, office: Office) -> None:
    two_cases(app)
    enter(app, OLEG)
    page = page_of(app, OLEG)
    for cases in (["1"], ["2"], ["1", "2"]):
        office.saved(page, role="moderator", cases=cases)
    assert roles(app, OLEG) == {("owner", None), ("moderator", 1), ("moderator", 2)}
    office.saved(page, role="moderator")
    office.saved(page, role="moderator")
    assert roles(app, OLEG) == {("owner", None), ("moderator", None)}
    answer = office.post(page, role="moderator", cases=["1"])
    assert answer.status_code == 422 and "every case already" in answer.text
    assert roles(app, OLEG) == {("owner", None), ("moderator", None)}


def test_a_role_is_taken_once_and_only_from_whom_it_is(app: Flask, office: Office) -> None:
    enter(app, OLEG)
    office.saved(page_of(app, OLEG), role="viewer")
    [path, _] = takes(office, OLEG)
    somebody = page_of(app, EMAIL)
    assert office.post(path.replace(page_of(app, OLEG), somebody)).status_code == 404
    assert office.post(path).status_code == 303
    assert office.post(path).status_code == 404
    take(office, OLEG, "viewer")
    assert roles(app, OLEG) == set() and "opens no page but its own" in office.get(page_of(app, OLEG))
    assert acts_on(app, OLEG).count("organiser.role_taken") == 2


def test_the_only_owner_stays_one_whatever_else_they_are(app: Flask, office: Office) -> None:
    office.saved(page_of(app, EMAIL), role="viewer")
    assert "only owner" in office.get(take(office, EMAIL, "owner").headers["Location"])
    assert roles(app, EMAIL) == {("owner", None), ("viewer", None)}
    enter(app, OLEG)
    assert take(office, EMAIL, "owner").headers["Location"] == "/office/"
    assert office.client.get("/office/colleagues").status_code == 403
    assert roles(app, EMAIL) == {("viewer", None)}


def test_of_two_owners_who_take_each_others_role_at_once_one_stays(app: Flask, office: Office) -> None:
    two = [office, enter(app, OLEG)]
    paths = [takes(office, OLEG)[0], takes(office, EMAIL)[0]]
    tokens, start = [each.token() for each in two], threading.Barrier(2)

    def press_it(number: int) -> int:
        start.wait()
        return two[number].client.post(paths[number], data={"csrf_token": tokens[number]}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(press_it, range(2))) <= {303, 403}
    assert sorted([*roles(app, EMAIL), *roles(app, OLEG)]) == [("owner", None)]


def test_an_invitation_for_a_case_that_has_gone_gives_no_other(app: Flask, office: Office) -> None:
    """None ticked means every case; none left must not."""
    with app.app_context():
        case_id = make_case().id
    office.saved(INVITE, email=NEW, role="organiser", cases=[str(case_id)])
    with app.app_context():
        db.session.execute(db.text("DELETE FROM people"))
        db.session.execute(db.text("DELETE FROM events"))
        db.session.execute(db.text("DELETE FROM case_consents"))
        db.session.execute(db.text("DELETE FROM cases"))
        db.session.commit()
    assert press(app.test_client(), mails(app, NEW)[0].path, password="", again="").status_code == 303
    assert roles(app, NEW) == set()


def test_a_role_comes_from_the_command_line_as_before(app: Flask) -> None:
    """give_role leaves one role and no other, as an invitation does."""
    with app.app_context():
        services.ensure_organiser(EMAIL)
        person = services.ensure_organiser(OLEG)
        colleagues.add_role(person, OfficeRole.MODERATOR, [], actor="cli")
        colleagues.give_role(person, OfficeRole.VIEWER, [], actor="cli")
        db.session.commit()
    assert roles(app, OLEG) == {("viewer", None)}
