"""Who gets into the office, and who does not."""

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from limits.storage import MemoryStorage
from sqlalchemy import update

from core import clock
from core.db import db
from core.limits import Limiter
from organisers import permissions
from organisers.answers import safe_next
from organisers.models import LoginLink, Organiser
from tests.organisers.conftest import CSRF, EMAIL, PASSWORD, Office, enter, link_path, log_in, make_organiser

DOORS = {f"office.{name}" for name in permissions.DOORS}


def press(client: FlaskClient, path: str) -> int:
    token = CSRF.search(client.get("/office/login").text)[1]  # type: ignore[index]
    return client.post(path, data={"csrf_token": token}).status_code


def test_every_office_route_sends_the_anonymous_to_the_login_page(app: Flask, client: FlaskClient) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/office")]
    assert len(rules) > 20
    for rule in rules:
        path = re.sub(r"<any\('?([\w-]+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<int[^>]*>", "1", path)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            if rule.endpoint in DOORS:
                continue
            answer = client.open(path, method=method)
            assert answer.status_code == 302, (method, path)
            assert answer.headers["Location"].startswith("/office/login"), (method, path)
            assert answer.headers["Cache-Control"] == "no-store"


def test_the_login_page_leads_back_to_what_was_wanted(app: Flask, client: FlaskClient) -> None:
    make_organiser(app)
    where = client.get("/office/cases/new").headers["Location"]
    assert where == "/office/login?next=/office/cases/new"
    page = client.get(where).text
    given = {"csrf_token": CSRF.search(page)[1], "email": EMAIL, "password": PASSWORD, "next": "/office/cases/new"}  # type: ignore[index]
    assert 'value="/office/cases/new"' in page
    answer = client.post("/office/login", data=given)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/office/cases/new")
    assert client.get("/office/cases/new").status_code == 200


HOSTILE = (
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https:evil.example", "https://evil.example/office/", "http:/\\evil.example", "http:///evil.example",
    "/\t/evil.example", "/\n/evil.example", "/%09/evil.example", "/office//evil.example", "/office/../../evil",
    "/office/\\evil.example", "javascript:alert(1)", "data:text/html,x", "//localhost@evil.example", "evil.example",
    "/officeevil.example", "/office.evil.example", "/office@evil.example", " //evil.example", "\x19//evil.example",
    "/office/\r\nSet-Cookie: a=b", "/office/?next=//evil.example", "/petitions/", "/", "/office/ä",
)  # fmt: skip


def test_nobody_is_led_out_of_the_office_after_logging_in(app: Flask) -> None:
    with app.test_request_context():
        for wanted in HOSTILE:
            assert safe_next(wanted) == "/office/", wanted


def test_a_hostile_next_in_form_or_address_leads_to_the_dashboard(app: Flask, client: FlaskClient) -> None:
    make_organiser(app)
    for query, fields in (
        ("?next=//evil.example", {}),
        ("", {"next": "https:evil.example"}),
        ("?next=/%5Cevil", {"next": "//x"}),
    ):
        browser = app.test_client()
        answer = log_in(browser, query=query, **fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/office/")


def test_wrong_password_and_unknown_address_get_the_same_words(app: Flask, client: FlaskClient) -> None:
    make_organiser(app)
    pages = []
    for email in (EMAIL, "nobody@example.org"):
        answer = log_in(client, email=email, password="not the password")
        assert answer.status_code == 422 and "wrong" in answer.text
        assert "not the password" not in answer.text
        pages.append(CSRF.sub("", answer.text.replace(email, "")))
    assert pages[0] == pages[1]
    assert client.get("/office/").status_code == 302


def test_a_closed_account_does_not_enter_and_its_session_ends(app: Flask) -> None:
    make_organiser(app)
    inside = enter(app)
    waiting = link_path(app)
    with app.app_context():
        db.session.execute(update(Organiser).values(active=False))
        db.session.commit()
    assert inside.client.get("/office/").status_code == 302
    assert log_in(app.test_client()).status_code == 422
    assert press(app.test_client(), waiting) == 410


def test_the_password_is_kept_as_argon2_only(app: Flask) -> None:
    make_organiser(app)
    with app.app_context():
        stored = db.session.query(Organiser.password).scalar()
    assert stored.startswith("$argon2id$") and PASSWORD not in stored


def test_the_login_link_shows_a_button_and_lets_in_once(app: Flask) -> None:
    path, browser = link_path(app), app.test_client()
    for _ in range(3):  # a mail scanner, a preview
        shown = browser.get(path)
        assert shown.status_code == 200 and "<button>" in shown.text
        assert browser.head(path).status_code == 200
    assert browser.get("/office/").status_code == 302
    assert press(browser, path) == 303
    assert browser.get("/office/").status_code == 200
    second = app.test_client()
    assert press(second, path) == 410
    assert second.get("/office/").status_code == 302
    spent = second.get(path)
    assert spent.status_code == 410 and "flask organiser create" in spent.text


def test_a_login_link_is_useless_after_ten_minutes_and_unknown_ones_always(app: Flask) -> None:
    path = link_path(app)
    with app.app_context():
        assert db.session.query(LoginLink.expires_at).scalar() <= clock.now() + timedelta(minutes=10)
        db.session.execute(update(LoginLink).values(expires_at=clock.now() - timedelta(seconds=1)))
        db.session.commit()
    assert press(app.test_client(), path) == 410
    assert press(app.test_client(), path[:-3] + "abc") == 410


def test_the_database_holds_no_link_that_would_work(app: Flask) -> None:
    secret = link_path(app).rsplit("/", 1)[1]
    with app.app_context():
        stored = db.session.query(LoginLink.digest).scalar()
    assert len(stored) == 32 and len(secret) >= 43
    assert press(app.test_client(), f"/office/login/link/{stored.hex()}") == 410


def test_a_cookie_kept_from_before_logging_out_is_useless(app: Flask) -> None:
    office, elsewhere = enter(app), enter(app)
    kept = office.client.get_cookie("office", path="/office")
    assert kept and kept.http_only and kept.same_site == "Lax" and kept.path == "/office"
    answer = office.post("/office/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/office/login")
    assert "logged out" in office.client.get("/office/login").text
    replay = app.test_client()
    replay.set_cookie("office", kept.value, path="/office")
    assert replay.get("/office/").status_code == 302
    assert elsewhere.client.get("/office/").status_code == 302


def test_a_session_ends_twelve_hours_after_login_however_busy(app: Flask, office: Office) -> None:
    begun = clock.now()
    for minutes in range(25, 12 * 60, 25):
        with time_machine.travel(begun + timedelta(minutes=minutes)):
            office.get("/office/audit")
    with time_machine.travel(begun + timedelta(hours=12, seconds=1)):
        assert office.client.get("/office/").status_code == 302
        assert office.client.get("/office/").status_code == 302


def test_logging_in_starts_a_fresh_session(app: Flask) -> None:
    make_organiser(app)
    browser = app.test_client()
    before = CSRF.search(browser.get("/office/login").text)[1]  # type: ignore[index]
    with browser.session_transaction(path="/office/") as session:
        session["planted"] = "by somebody else"
    assert log_in(browser).status_code == 303
    with browser.session_transaction(path="/office/") as session:
        assert "planted" not in session
    assert browser.post("/office/logout", data={"csrf_token": before}).status_code == 400


def test_a_form_without_its_token_changes_nothing(app: Flask, office: Office) -> None:
    for fields in ({}, {"csrf_token": "made-up"}):
        answer = office.client.post(
            "/office/cases/new", data={"title": "A case", "slug": "a-case", "country": "KZ", **fields}
        )
        assert answer.status_code == 400 and "out of date" in answer.text
    assert office.acts() == []
    assert office.client.post("/office/logout").status_code == 400
    assert office.client.post("/office/login", data={"email": EMAIL, "password": PASSWORD}).status_code == 400
    office.get("/office/")


def test_another_site_cannot_send_a_form(office: Office) -> None:
    data = {"csrf_token": office.token()}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert office.client.post("/office/logout", data=data, headers=headers).status_code == 403
    office.get("/office/")


def test_public_pages_neither_set_nor_vary_by_a_cookie(app: Flask, office: Office) -> None:
    for path in ("/petitions/", "/cases/", "/healthz", "/nowhere"):
        answer = office.client.get(path)
        assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", ""), path


def test_nothing_of_the_office_may_be_cached(office: Office) -> None:
    for path in ("/office/", "/office/audit", "/office/account", "/office/cases/999", "/office/login"):
        answer = office.client.get(path)
        assert answer.headers["Cache-Control"] == "no-store", path


@pytest.fixture
def limited(app: Flask):  # type: ignore[no-untyped-def]
    """The app with its limits on."""
    before = app.extensions["limiter"]
    app.extensions["limiter"] = Limiter(MemoryStorage(), enabled=True)
    yield app
    app.extensions["limiter"] = before


def test_too_many_tries_from_one_network_are_told_so_for_any_address(limited: Flask) -> None:
    make_organiser(limited)
    browser = limited.test_client()
    for number in range(10):
        assert log_in(browser, email=f"nobody{number}@example.org").status_code == 422
    pages = []
    for email in (EMAIL, "nobody@example.org"):
        answer = log_in(browser, email=email)
        assert answer.status_code == 429
        pages.append(answer.text)
    assert pages[0] == pages[1] and "quarter of an hour" in pages[0]


def test_too_many_tries_at_one_account_stop_it_from_every_network(limited: Flask) -> None:
    make_organiser(limited)
    browser = limited.test_client()
    for number in range(11):
        browser.environ_base["REMOTE_ADDR"] = f"192.0.{number}.7"
        answer = log_in(browser, password="not the password")
        assert answer.status_code == (422 if number < 10 else 429), number
    browser.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert log_in(browser, email=EMAIL.upper()).status_code == 429


def test_guessing_login_links_is_limited_too(limited: Flask) -> None:
    browser = limited.test_client()
    assert [press(browser, "/office/login/link/guess") for _ in range(11)] == [410] * 10 + [429]


def test_an_organiser_sets_a_password_and_other_sessions_end(app: Flask) -> None:
    here, elsewhere = enter(app), enter(app)
    assert "no password yet" in here.get("/office/account")
    short = here.post("/office/account", password="short", again="short")
    assert short.status_code == 422 and "12 to 256" in short.text
    assert here.post("/office/account", password=PASSWORD, again="another one altogether").status_code == 422
    assert here.saved("/office/account", password=PASSWORD, again=PASSWORD) == "/office/"
    assert "Your password is set" in here.get("/office/")
    assert elsewhere.client.get("/office/").status_code == 302
    changed = {"password": "quite another sentence", "again": "quite another sentence"}
    assert here.post("/office/account", **changed, current="wrong").status_code == 422
    assert here.saved("/office/account", **changed, current=PASSWORD) == "/office/"
    assert log_in(app.test_client()).status_code == 422
    assert log_in(app.test_client(), password="quite another sentence").status_code == 303


def test_odd_addresses_are_refused_in_words(client: FlaskClient) -> None:
    for email in ("a\0b@example.org", "a\nb@example.org", "\u202e@example.org", "x" * 300, "", "'--"):
        answer = log_in(client, email=email, password="x")
        assert answer.status_code == 422 and "There is a problem" in answer.text, email
