"""An organiser at work, through the door: a browser that has entered, and its forms with their tokens."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.audit import AuditEntry
from core.db import db
from organisers import services

EMAIL = "olga@example.org"
PASSWORD = "a long sentence of her own"
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass
class Office:
    app: Flask
    client: FlaskClient

    def token(self, page: str = "/office/account") -> str:
        """The CSRF token of this browser's session, as a page carries it."""
        found = CSRF.search(self.client.get(page).text)
        assert found, page
        return found[1]

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return unescape(answer.text)

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Sends a form with its token; a list sends a field several times."""
        return self.client.post(path, data={"csrf_token": self.token(), **fields})

    def saved(self, path: str, **fields: Any) -> str:
        """Sends a form that must hold; the path that it leads to."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, unescape(answer.text)
        return answer.headers["Location"]

    def ask_for_names(self, petition_id: int, room: str) -> None:
        """People are masked in a petition's rooms until this is pressed."""
        self.saved(f"/office/petitions/{petition_id}/names/{room}")

    def acts(self) -> list[tuple[str, str]]:
        """(act, subject) of the audit chain since entering, oldest first."""
        with self.app.app_context():
            rows = db.session.execute(select(AuditEntry.act, AuditEntry.subject).order_by(AuditEntry.id))
            return [(act, subject) for act, subject in rows if not act.startswith("organiser.")]


def link_path(app: Flask, email: str = EMAIL) -> str:
    with app.app_context():
        link = services.make_login_link(services.ensure_organiser(email))
        db.session.commit()
    path = link.removeprefix(app.config["UNDERSIGNED"].server_url)
    assert path.startswith("/office/login/link/")
    return path


def enter(app: Flask, email: str = EMAIL) -> Office:
    """A browser that has entered by a one-time link."""
    client, path = app.test_client(), link_path(app, email)
    token = CSRF.search(client.get(path).text)[1]  # type: ignore[index]
    assert client.post(path, data={"csrf_token": token}).status_code == 303
    return Office(app, client)


def make_organiser(app: Flask, email: str = EMAIL, password: str = PASSWORD) -> None:
    with app.app_context():
        services.set_password(services.ensure_organiser(email), password, actor="cli")
        db.session.commit()


def log_in(
    client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, query: str = "", **fields: str
) -> TestResponse:
    """Sends the login form as its page gave it."""
    page = client.get("/office/login" + query).text
    given = {"csrf_token": CSRF.search(page)[1], "email": email, "password": password}  # type: ignore[index]
    return client.post("/office/login" + query, data={**given, **fields})


@pytest.fixture
def office(app: Flask) -> Office:
    return enter(app)
