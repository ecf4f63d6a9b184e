"""Who gets into the office and for what: invited, given another role, closed; links by mail, another address, lost factors."""

import re
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from limits.storage import MemoryStorage
from sqlalchemy import func, select, text

from core import clock
from core.audit import AuditEntry
from core.db import db
from core.limits import Limiter
from organisers import services
from organisers.accounts import colleagues
from organisers.accounts.models import (
    CodeApp,
    EmailChange,
    Membership,
    OfficeInvitation,
    OfficeRole,
    OfficeSession,
    RecoveryCode,
)
from organisers.models import LoginLink, Organiser
from tests.factories import make_case, make_petition
from tests.organisers.conftest import CSRF, EMAIL, PASSWORD, Office, enter, log_in, make_organiser
from tests.organisers.test_commands import run
from tests.organisers.test_factors import add_phone
from tests.organisers.test_sessions import is_in

LINK = re.compile(r"http://localhost(/office/login/(?:link|invitation|address)/[\w-]{43})$", re.M)
INVITE = "/office/colleagues/invite"
NEW = "nina@example.org"


@dataclass
class Mail:
    to: str
    subject: str
    text: str

    @property
    def path(self) -> str:
        found = LINK.search(self.text)
        assert found, self.text
        return found[1]


def mails(app: Flask, to: str) -> list[Mail]:
    """What the worker has sent to this address, the oldest first."""
    with app.app_context():
        app.extensions["jobs"].drain()
    folder = app.config["UNDERSIGNED"].mail_folder
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    read = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    found = [Mail(str(one["To"]), str(one["Subject"]), one.get_content()) for one in read]
    return [one for one in found if one.to == to]


def press(client: FlaskClient, path: str, **fields: str):  # type: ignore[no-untyped-def]
    """Opens a mailed link and presses its button."""
    shown = client.get(path)
    token = CSRF.search(shown.text)
    return client.post(path, data={"csrf_token": token[1], **fields}) if token else shown


def roles(app: Flask, email: str) -> set[tuple[str, int | None]]:
    with app.app_context():
        rows = db.session.execute(
            select(Membership.role, Membership.case_id).join(Organiser).where(Organiser.email == email)
        )
        return {(role.value, case_id) for role, case_id in rows}


def id_of(app: Flask, email: str) -> int:
    with app.app_context():
        return db.session.scalars(select(Organiser.id).where(Organiser.email == email)).one()


def acts_on(app: Flask, subject: str) -> list[str]:
    with app.app_context():
        return list(
            db.session.scalars(select(AuditEntry.act).where(AuditEntry.subject == subject).order_by(AuditEntry.id))
        )


def test_an_invited_colleague_enters_once_with_the_role_and_its_cases(app: Flask, office: Office) -> None:
    with app.app_context():
        ours, others = (make_petition(make_case(title=title)) for title in ("Our own case", "Another case"))
        ids = ours.case_id, ours.id, others.id
    office.saved(INVITE, email="Nina@Example.org", role="moderator", cases=[str(ids[0])])
    [mail] = mails(app, NEW)
    assert "You are invited" in mail.subject and EMAIL in mail.text and "Moderator" in mail.text
    browser = app.test_client()
    for _ in range(3):
        shown = browser.get(mail.path)
        assert shown.status_code == 200 and NEW in shown.text and "Moderator" in shown.text
    answer = press(browser, mail.path, password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/office/account/factors")
    assert roles(app, NEW) == {("moderator", ids[0])}
    page = browser.get("/office/").text
    assert "Our own case" in page and "Another case" not in page and "Switches" not in page
    assert browser.get(f"/office/petitions/{ids[1]}/held").status_code == 200
    assert browser.get(f"/office/petitions/{ids[2]}/held").status_code == 404
    assert browser.get(f"/office/petitions/{ids[1]}/edit").status_code == 403
    assert press(app.test_client(), mail.path, password=PASSWORD, again=PASSWORD).status_code == 410
    assert log_in(app.test_client(), email=NEW).status_code == 303
    assert acts_on(app, NEW)[:3] == ["organiser.invited", "organiser.created", "organiser.role_given"]


def test_an_invitation_without_a_password_lets_in_too(app: Flask, office: Office) -> None:
    office.saved(INVITE, email=NEW, role="viewer")
    browser = app.test_client()
    assert press(browser, mails(app, NEW)[0].path, password="", again="").status_code == 303
    assert roles(app, NEW) == {("viewer", None)} and is_in(browser)
    with app.app_context():
        assert db.session.scalars(select(Organiser.password).where(Organiser.email == NEW)).one() is None


def test_a_password_that_is_refused_uses_nothing_up(app: Flask, office: Office) -> None:
    office.saved(INVITE, email=NEW, role="viewer")
    [mail] = mails(app, NEW)
    for password, again in (("short", "short"), ("finalfantasy", "finalfantasy"), (PASSWORD, "something else")):
        assert press(app.test_client(), mail.path, password=password, again=again).status_code == 422
    assert press(app.test_client(), mail.path, password=PASSWORD, again=PASSWORD).status_code == 303


def test_an_invitation_ends_after_three_days_or_when_it_is_taken_back(app: Flask, office: Office) -> None:
    office.saved(INVITE, email=NEW, role="viewer")
    [mail] = mails(app, NEW)
    with time_machine.travel(clock.now() + timedelta(hours=72, seconds=5)):
        assert app.test_client().get(mail.path).status_code == 410
    with app.app_context():
        asked = db.session.scalars(select(OfficeInvitation.id)).one()
    assert NEW in office.get("/office/colleagues")
    office.saved(f"/office/colleagues/invitations/{asked}/again")
    again = mails(app, NEW)[-1]
    assert again.path != mail.path
    assert app.test_client().get(mail.path).status_code == 410 and app.test_client().get(again.path).status_code == 200
    office.saved(f"/office/colleagues/invitations/{asked}/revoke")
    assert press(app.test_client(), again.path, password="", again="").status_code == 410
    assert NEW not in office.get("/office/colleagues")
    assert acts_on(app, NEW) == ["organiser.invited", "organiser.invited_again", "organiser.invitation_revoked"]


def test_who_is_in_or_invited_is_not_invited_again(app: Flask, office: Office) -> None:
    office.saved(INVITE, email=NEW, role="viewer")
    for email, sentence in ((NEW, "invited before"), (EMAIL, "has an account already"), ("nobody", "whole address")):
        answer = office.post(INVITE, email=email, role="viewer")
        assert answer.status_code == 422 and sentence in answer.text
    assert office.post(INVITE, email="new@example.org").status_code == 422
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OfficeInvitation)) == 1


def test_a_role_for_the_whole_site_has_no_cases(app: Flask, office: Office) -> None:
    with app.app_context():
        case_id = make_case().id
    enter(app, "oleg@example.org")
    page = f"/office/colleagues/{id_of(app, 'oleg@example.org')}"
    office.saved(page, role="viewer", cases=[str(case_id)])
    assert roles(app, "oleg@example.org") == {("owner", None), ("viewer", case_id)}
    office.saved(page, role="treasurer", cases=[str(case_id)])
    assert roles(app, "oleg@example.org") == {("owner", None), ("viewer", case_id), ("treasurer", None)}
    assert office.post(page, role="emperor").status_code == 422


def test_the_last_owner_stays_one(app: Flask, office: Office) -> None:
    page = f"/office/colleagues/{id_of(app, EMAIL)}"
    [take] = re.findall(rf'action="({page}/roles/\d+/take)"', office.get(page))
    assert "only owner" in office.get(office.saved(take))
    assert "only owner" in office.get(office.saved(f"{page}/close"))
    other = enter(app, "oleg@example.org")
    office.saved(f"/office/colleagues/{id_of(app, 'oleg@example.org')}/close")
    assert not is_in(other.client)
    assert "only owner" in office.get(office.saved(take)), "an owner whose account is closed looks after nothing"
    assert log_in(app.test_client(), email="oleg@example.org").status_code == 422
    office.saved(f"/office/colleagues/{id_of(app, 'oleg@example.org')}/reopen")
    office.saved(take)
    assert roles(app, EMAIL) == set()
    assert office.client.get("/office/colleagues").status_code == 403


def test_the_login_page_mails_a_link_to_who_has_an_account(app: Flask) -> None:
    make_organiser(app)
    pages = []
    for email in (EMAIL.upper(), "nobody@example.org"):
        browser = app.test_client()
        token = CSRF.search(browser.get("/office/login").text)[1]  # type: ignore[index]
        answer = browser.post("/office/login/mail", data={"csrf_token": token, "email": email})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/office/login")
        pages.append(re.sub(CSRF, "", browser.get("/office/login").text))
    assert pages[0] == pages[1] and "a login link is on its way" in pages[0]
    assert mails(app, "nobody@example.org") == []
    [mail] = mails(app, EMAIL)
    with time_machine.travel(clock.now() + timedelta(minutes=29)):
        browser = app.test_client()
        assert press(browser, mail.path).status_code == 303 and is_in(browser)
        assert press(app.test_client(), mail.path).status_code == 410


def test_no_address_at_all_is_told_at_its_field(app: Flask) -> None:
    browser = app.test_client()
    token = CSRF.search(browser.get("/office/login").text)[1]  # type: ignore[index]
    answer = browser.post("/office/login/mail", data={"csrf_token": token, "email": ""})
    assert answer.status_code == 422 and 'href="#mail-email"' in answer.text


def test_a_closed_account_gets_no_link(app: Flask, office: Office) -> None:
    enter(app, "oleg@example.org")
    office.saved(f"/office/colleagues/{id_of(app, 'oleg@example.org')}/close")
    browser = app.test_client()
    token = CSRF.search(browser.get("/office/login").text)[1]  # type: ignore[index]
    assert (
        browser.post("/office/login/mail", data={"csrf_token": token, "email": "oleg@example.org"}).status_code == 303
    )
    assert mails(app, "oleg@example.org") == []


def test_asking_for_links_is_limited_for_an_address(app: Flask) -> None:
    before, app.extensions["limiter"] = app.extensions["limiter"], Limiter(MemoryStorage(), enabled=True)
    try:
        browser = app.test_client()
        token = CSRF.search(browser.get("/office/login").text)[1]  # type: ignore[index]
        answers = []
        for number in range(11):
            browser.environ_base["REMOTE_ADDR"] = f"192.0.{number}.7"
            data = {"csrf_token": token, "email": "anybody@example.org"}
            answers.append(browser.post("/office/login/mail", data=data).status_code)
        assert answers == [303] * 10 + [429]
    finally:
        app.extensions["limiter"] = before


def test_another_address_needs_its_mailbox_and_the_old_one_hears_of_it(app: Flask) -> None:
    make_organiser(app)
    office = enter(app)
    office.saved("/office/account/address", email="Olga.New@example.org")
    [mail] = mails(app, "olga.new@example.org")
    assert "another address was asked for" in mails(app, EMAIL)[0].subject
    assert log_in(app.test_client()).status_code == 303, "nothing has changed yet"
    answer = press(app.test_client(), mail.path)
    assert answer.status_code == 303
    assert "another address now" in mails(app, EMAIL)[-1].subject
    assert log_in(app.test_client()).status_code == 422
    assert log_in(app.test_client(), email="olga.new@example.org").status_code == 303
    assert press(app.test_client(), mail.path).status_code == 410
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(EmailChange)) == 0


def test_an_address_link_is_spent_by_a_newer_one_by_time_and_by_another_account(app: Flask, office: Office) -> None:
    for email in ("first@example.org", "second@example.org"):
        office.saved("/office/account/address", email=email)
    assert press(app.test_client(), mails(app, "first@example.org")[0].path).status_code == 410
    [second] = mails(app, "second@example.org")
    with time_machine.travel(clock.now() + timedelta(hours=24, seconds=5)):
        assert app.test_client().get(second.path).status_code == 410
    enter(app, "second@example.org")
    assert press(app.test_client(), second.path).status_code == 410
    assert office.post("/office/account/address", email="second@example.org").status_code == 422
    assert id_of(app, EMAIL)


def test_the_address_asks_for_a_fresh_proof(app: Flask) -> None:
    make_organiser(app)
    office = enter(app)
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        answer = office.client.get("/office/account/address")
        assert answer.headers["Location"] == "/office/login/proof?next=/office/account/address"


def test_reset_factor_takes_them_ends_sessions_tells_and_lets_in(app: Flask) -> None:
    office = enter(app)
    add_phone(office)
    done = run(app, "reset-factor", EMAIL)
    assert done.exit_code == 0, done.output
    assert not is_in(office.client)
    with app.app_context():
        for table in (CodeApp, RecoveryCode):
            assert db.session.scalar(select(func.count()).select_from(table)) == 0
    link = re.search(r"Login: http://localhost(\S+)$", done.output, re.M)
    assert link
    browser = app.test_client()
    assert press(browser, link[1]).status_code == 303 and is_in(browser)
    assert "taken the second factors off the account" in mails(app, EMAIL)[-1].text
    assert "organiser.factors_reset" in acts_on(app, EMAIL)


def test_reset_factor_of_nobody_is_told(app: Flask) -> None:
    done = run(app, "reset-factor", "nobody@example.org")
    assert done.exit_code == 2 and "no open account" in done.output


def test_create_makes_an_owner_and_leaves_a_role_as_it_is(app: Flask, office: Office) -> None:
    run(app, "create", NEW)
    assert roles(app, NEW) == {("owner", None)}
    with app.app_context():
        colleagues.give_role(services.ensure_organiser(NEW), OfficeRole.VIEWER, [], actor="cli")
        db.session.commit()
    run(app, "create", NEW)
    assert roles(app, NEW) == {("viewer", None)}


def test_the_database_lets_no_owner_be_one_of_a_case_only(app: Flask, office: Office) -> None:
    with app.app_context():
        row = Membership(organiser_id=id_of(app, EMAIL), role=OfficeRole.TREASURER, case_id=make_case().id)
        db.session.add(row)
        with pytest.raises(Exception, match="role_of_the_whole_site"):
            db.session.flush()


def test_what_ran_out_is_cleared_when_somebody_enters(app: Flask) -> None:
    enter(app)
    with time_machine.travel(clock.now() + timedelta(hours=13)):
        enter(app)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OfficeSession)) == 1
        assert db.session.scalar(select(func.count()).select_from(LoginLink)) == 1
        assert db.session.scalar(text("SELECT count(*) FROM organisers")) == 1
