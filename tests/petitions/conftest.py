"""An open petition, and the steps that a signatory takes."""

import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from core.db import db
from core.tokens import form_token
from core.worker import Worker
from petitions.counting import tallies
from petitions.models import Petition, Signature, Submission
from petitions.states import SignatureState
from tests.factories import make_petition

LINK = re.compile(r"http://[\w.:]+(/signatures/[\w-]+/(confirm|withdraw|disown))")


@dataclass
class Mail:
    to: str
    subject: str
    text: str
    links: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return re.search(r"(?m) ([A-Z0-9]{4}-[A-Z0-9]{4})$", self.text)[1]  # type: ignore[index]


@dataclass
class Campaign:
    """One petition of an app and everything that a test does with it, through the door."""

    app: Flask
    id: int
    slug: str

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def token(self) -> str:
        with self.app.test_request_context():
            return form_token()

    def sign(self, address: str = "ada@example.org", **fields: Any) -> TestResponse:
        given = {
            "name": "Ada Example", "email": address, "country": "IE", "visibility": "recipients", "token": self.token(),
        }  # fmt: skip
        return self.client.post(f"/petitions/{self.slug}/sign", data={**given, **fields})

    def work(self) -> None:
        with self.app.app_context():
            worker: Worker = self.app.extensions["jobs"]
            worker.drain()

    def mails(self, address: str | None = None) -> list[Mail]:
        """Mails written so far, oldest first."""
        folder = self.app.config["UNDERSIGNED"].mail_folder
        found = []
        for path in sorted(folder.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            text = body.get_content() if body else ""
            links = {purpose: link for link, purpose in LINK.findall(text)}
            found.append(Mail(message["To"], message["Subject"], text, links))
        return [mail for mail in found if address in (None, mail.to)]

    def press(self, link: str, **fields: Any) -> TestResponse:
        return self.client.post(link, data={"token": self.token(), **fields})

    def signed(self, address: str = "ada@example.org", **fields: Any) -> Mail:
        """Signs, confirms and works; the mail that asked to confirm."""
        assert self.sign(address, **fields).status_code == 303
        self.work()
        mail = self.mails(address)[-1]
        assert self.press(mail.links["confirm"]).status_code == 303
        self.work()
        return mail

    def count(self) -> int:
        self.work()
        with self.app.app_context():
            return tallies.total(self.id)

    def valid(self) -> int:
        with self.app.app_context():
            return self.fresh(select(func.count()).where(Signature.state == SignatureState.VALID))

    def submissions(self) -> list[Submission]:
        with self.app.app_context():
            return list(db.session.scalars(select(Submission).order_by(Submission.id)))

    def fresh(self, query: Any) -> Any:
        with self.app.app_context():
            return db.session.scalar(query)


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


@pytest.fixture
def make_campaign_of(app: Flask) -> Callable[..., Campaign]:
    return lambda **values: make_campaign(app, **values)


def make_campaign(app: Flask, **values: Any) -> Campaign:
    with app.app_context():
        petition: Petition = make_petition(**values)
        return Campaign(app, petition.id, petition.slug)
