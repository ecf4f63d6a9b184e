"""Sessions are the server's: listed, ended, aged there; a cookie alone is worth nothing."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from core import clock
from core.db import db
from organisers import services
from organisers.accounts import colleagues
from organisers.accounts.models import OfficeRole, OfficeSession
from organisers.accounts.sessions import browser_of
from tests.organisers.conftest import EMAIL, PASSWORD, Office, enter, log_in, make_organiser

COOKIE = "office"


def replay(app: Flask, office: Office) -> FlaskClient:
    """Another browser with a copy of this one's cookie."""
    kept = office.client.get_cookie(COOKIE, path="/office")
    assert kept
    other = app.test_client()
    other.set_cookie(COOKIE, kept.value, path="/office")
    return other


def is_in(client: FlaskClient) -> bool:
    return client.get("/office/account").status_code == 200


def test_a_copied_cookie_enters_until_its_session_ends_here(app: Flask, office: Office) -> None:
    copy = replay(app, office)
    assert is_in(copy)
    office.saved("/office/logout")
    assert not is_in(copy)


def test_each_login_is_a_session_of_its_own(app: Flask) -> None:
    make_organiser(app)
    browser = app.test_client()
    for _ in range(2):
        browser.delete_cookie(COOKIE, path="/office")
        assert log_in(browser).status_code == 303
    with app.app_context():
        rows = db.session.scalars(select(OfficeSession).order_by(OfficeSession.id)).all()
        assert len({row.digest for row in rows}) == 2 and {row.entered_by for row in rows} == {"password"}


def test_the_database_holds_no_secret_that_would_enter(app: Flask, office: Office) -> None:
    with office.client.session_transaction(path="/office/") as session:
        secret = session["entered"]
    with app.app_context():
        [row] = db.session.scalars(select(OfficeSession)).all()
        assert len(row.digest) == 32 and row.digest.hex() != secret and len(secret) >= 43
    forged = app.test_client()
    with forged.session_transaction(path="/office/") as session:
        session["_user_id"], session["entered"] = "1", row.digest.hex()
    assert not is_in(forged)


def test_half_an_hour_without_use_ends_it_and_use_keeps_it(app: Flask, office: Office) -> None:
    begun = clock.now()
    for minutes in (29, 58, 87):
        with time_machine.travel(begun + timedelta(minutes=minutes)):
            assert is_in(office.client)
    with time_machine.travel(begun + timedelta(minutes=87 + 30, seconds=1)):
        assert not is_in(office.client)


def test_its_use_is_written_down_once_a_minute_and_else_nothing_is(app: Flask, office: Office) -> None:
    written: list[str] = []

    def note(connection, cursor, statement, *others) -> None:  # type: ignore[no-untyped-def]
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            written.append(statement)

    begun = clock.now()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        with time_machine.travel(begun + timedelta(seconds=61), tick=False):
            for _ in range(5):
                assert is_in(office.client)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(written) == 1 and "last_seen_at" in written[0]


def test_the_account_page_lists_them_and_ends_one(app: Flask, office: Office) -> None:
    phone = app.test_client()
    phone.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0"
    make_organiser(app)  # which ends all sessions
    office, elsewhere = enter(app), enter(app)
    assert log_in(phone).status_code == 303
    page = office.get("/office/account")
    assert page.count("End this one") == 2 and "Firefox, Android" in page and page.count("This browser") == 1
    with app.app_context():
        ids = db.session.scalars(select(OfficeSession.id).order_by(OfficeSession.id.desc())).all()
    assert office.saved(f"/office/account/sessions/{ids[0]}/end") == "/office/account"
    assert not is_in(phone) and is_in(elsewhere.client) and is_in(office.client)
    assert office.post(f"/office/account/sessions/{ids[0]}/end").status_code == 404


def test_all_others_end_at_once(app: Flask, office: Office) -> None:
    others = [enter(app) for _ in range(2)]
    office.saved("/office/account/sessions/end-others")
    assert is_in(office.client) and not any(is_in(other.client) for other in others)
    assert "End all others" not in office.get("/office/account")


def test_nobody_ends_somebody_elses_session(app: Flask, office: Office) -> None:
    other = enter(app, "oleg@example.org")
    with app.app_context():
        theirs = db.session.scalars(select(OfficeSession.id).order_by(OfficeSession.id.desc())).first()
    assert office.post(f"/office/account/sessions/{theirs}/end").status_code == 404
    office.saved("/office/account/sessions/end-others")
    assert is_in(other.client)


def test_a_closed_account_is_out_at_once(app: Flask, office: Office) -> None:
    other = enter(app, "oleg@example.org")
    with app.app_context():
        colleagues.close(services.ensure_organiser("oleg@example.org"), actor="cli")
        db.session.commit()
    assert not is_in(other.client) and is_in(office.client)


def test_a_changed_role_holds_from_the_next_page_on(app: Flask, office: Office) -> None:
    other = enter(app, "oleg@example.org")
    assert other.client.get("/office/switches").status_code == 200
    with app.app_context():
        colleagues.give_role(services.ensure_organiser("oleg@example.org"), OfficeRole.VIEWER, [], actor="cli")
        db.session.commit()
    assert other.client.get("/office/switches").status_code == 403
    assert "Switches" not in other.get("/office/")


def test_a_changed_password_ends_the_others_and_renews_this_one(app: Flask) -> None:
    make_organiser(app)
    here, elsewhere = enter(app), enter(app)
    copy = replay(app, here)
    changed = "quite another sentence"
    here.saved("/office/account", current=PASSWORD, password=changed, again=changed)
    assert is_in(here.client) and not is_in(elsewhere.client) and not is_in(copy)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("finalfantasy", "Many people use"), ("Liverpool1234", "Many people use"), ("abcabcabcabcabc", "Many people use"),
        ("1111111122222222", "Many people use"), ("olga@example.org", "your address"), ("example.olga12", "your address"),
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_first_is_refused(office: Office, password: str, sentence: str) -> None:
    answer = office.post("/office/account", password=password, again=password)
    assert answer.status_code == 422 and sentence in answer.text, password
    assert EMAIL not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    ("agent", "word"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox, Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Version/17.5 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/129.0 Safari/537.36 Edg/129.0", "Edge, Windows"),
        ("curl/8.5", "?"),
    ],
)
def test_a_browser_is_named_coarsely(agent: str, word: str) -> None:
    assert browser_of(agent) == word
