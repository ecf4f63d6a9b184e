"""Error pages: a sentence that says what to do, in the site's look, and nothing about the inside."""

import pytest
from flask import Flask, abort
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.db import RowNotFound, db
from core.errors import explanation
from core.worker import Tick, Worker
from donations.guards import attempts
from donations.own_page import views as own_gifts
from organisers.accounts import limiting
from pages import comment_views, report_views, unsubscribe_views
from petitions import thanks_views
from petitions.invitations import organisation_views
from petitions.invitations import views as invitation_views
from petitions.own_page import views as own_signatures

SECRET = "ada@example.org"
HOUR = 3600  # seconds


def raise_(error: Exception) -> None:
    raise error


@pytest.fixture
def own(make_app) -> Flask:
    app: Flask = make_app()
    faults = {
        "fault": lambda: raise_(RuntimeError(SECRET)),
        "database": lambda: raise_(OperationalError("SELECT 1", {"email": SECRET}, Exception("locked"))),
        "pool": lambda: raise_(PoolTimeout("QueuePool limit of size 20 reached")),
        "statement": lambda: db.session.execute(text("INSERT INTO people (name) VALUES (:name)"), {"name": SECRET}),
        "unknown": lambda: raise_(RowNotFound(SECRET)),
    }
    for name, view in faults.items():
        app.add_url_rule(f"/{name}", name, view)
    app.add_url_rule("/code/<int:code>", "code", lambda code: abort(code))
    return app


def test_a_fault_tells_nothing_of_itself(own: Flask) -> None:
    answer = own.test_client().get("/fault")
    assert answer.status_code == 500
    assert "Nothing was saved." in answer.text
    for inside in (SECRET, "Traceback", "RuntimeError", "werkzeug", "Flask", ".py", "Python/"):
        assert inside not in answer.text


@pytest.mark.parametrize("path", ["/database", "/pool", "/statement"])
def test_while_the_database_is_away_people_are_asked_to_wait(own: Flask, path: str, caplog) -> None:
    answer = own.test_client().get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "We are busy for a moment" in answer.text
    assert SECRET not in answer.text
    assert SECRET not in caplog.text


def test_a_fault_is_logged_with_its_place_and_without_its_text(own: Flask, caplog) -> None:
    own.test_client().get("/fault")
    assert "fault on GET fault" in caplog.text
    assert "RuntimeError" in caplog.text
    assert "raise_" in caplog.text
    assert SECRET not in caplog.text


def test_a_row_that_a_database_quotes_is_not_logged(app: Flask, caplog) -> None:
    def violate() -> bool:
        db.session.execute(text("INSERT INTO people (name) VALUES (:name)"), {"name": SECRET})
        return True

    with app.app_context():
        Worker({}, (Tick(violate, every=0),)).work_once()
    assert "violate failed" in caplog.text
    assert "IntegrityError" in caplog.text
    assert SECRET not in caplog.text


def test_an_errors_text_holds_no_parameters(app: Flask) -> None:
    with app.app_context(), pytest.raises(Exception, match="hidden due to hide_parameters"):
        db.session.execute(text("SELECT nothing FROM people WHERE name = :name"), {"name": SECRET})


def test_a_row_that_is_not_there_is_a_page_that_is_not_there(own: Flask) -> None:
    answer = own.test_client().get("/unknown")
    assert answer.status_code == 404
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "code", [400, 401, 403, 404, 405, 408, 409, 410, 413, 414, 415, 418, 422, 429, 500, 501, 502, 503]
)
def test_every_code_has_a_title_and_a_sentence(own: Flask, code: int) -> None:
    answer = own.test_client().get(f"/code/{code}")
    assert answer.status_code == code
    with own.test_request_context():
        title, sentence = explanation(code)
    assert f"<h1>{title}</h1>" in answer.text
    assert sentence.endswith(".")
    assert "<!doctype html>" in answer.text
    assert 'name="robots" content="noindex"' in answer.text


def test_a_wrong_method_is_told_which_are_right(own: Flask) -> None:
    answer = own.test_client().post("/fault")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/.git/HEAD",
        "/.env",
        "/static/",
        "/static/%2e%2e/app.py",
        "/instance/settings.env",
        "/debug",
        "/admin",
    ],
)
def test_nothing_stands_open(own: Flask, path: str) -> None:
    assert own.test_client().get(path).status_code == 404


@pytest.mark.parametrize("role", ["public", "office", "worker"])
def test_each_role_can_say_that_something_is_not_there(make_app, role: str) -> None:
    app = make_app(ROLE=role, SITE_PUBLIC_KEY="A" * 43 + "=")
    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_what_a_full_network_is_told_is_true_of_every_limit(own: Flask) -> None:
    told = [
        limiting.TRIES, attempts.NETWORK, own_gifts.LINKS, own_gifts.PRESSES, thanks_views.PRESSES, own_signatures.LINKS,
        own_signatures.PRESSES, organisation_views.ORGANISATIONS, invitation_views.PROPOSALS, unsubscribe_views.STOPS,
        comment_views.OF_A_NETWORK, comment_views.OF_A_CASE, report_views.REPORTS,
    ]  # fmt: skip
    assert max(limit.get_expiry() for limit in told) == HOUR
    with own.test_request_context():
        assert "Wait an hour at most" in explanation(429)[1]
