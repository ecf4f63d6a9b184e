"""A case that takes comments, and everything that its readers and writers do, through the door."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from cases.comments.models import Comment
from cases.comments.services import Shown, shown
from cases.models import Case
from core.db import db
from core.limits import Limiter
from core.tokens import form_token
from core.worker import Worker
from tests.factories import make_case

OWN = re.compile(r'value="http://[\w.:]+(/comments/[\w-]{43})"')
TEXT = "Strength to you,\nfrom all of us."
EMAIL = "zenobia@example.org"


@dataclass
class Wall:
    """One case and its comments."""

    app: Flask
    slug: str = "a-case"
    case_id: int = 1
    given: dict[str, str] = field(
        default_factory=lambda: {"kind": "comment", "name": "Zenobia", "email": EMAIL, "text": TEXT, "country": "IE"}
    )

    @property
    def page(self) -> str:
        return f"/cases/{self.slug}/comments"

    def token(self) -> str:
        with self.app.test_request_context():
            return form_token()

    def get(self, path: str) -> TestResponse:
        """Past the page cache, which would answer with the last second's page."""
        return self.app.test_client().get(path + ("&" if "?" in path else "?") + "fresh")

    def text(self, path: str | None = None) -> str:
        answer = self.get(path or self.page)
        assert answer.status_code == 200
        return unescape(answer.text)

    def post(self, path: str, address: str = "127.0.0.1", **fields: Any) -> TestResponse:
        data = {"token": self.token(), **fields}
        return self.app.test_client().post(path, data=data, environ_base={"REMOTE_ADDR": address})

    def send(self, address: str = "127.0.0.1", **fields: str) -> TestResponse:
        return self.post(self.page, address, **{**self.given, **fields})

    def write(self, **fields: str) -> str:
        """Writes; the path of the writer's own page."""
        answer = self.send(**fields)
        assert answer.status_code == 303, unescape(answer.text)
        found = OWN.search(self.get(answer.headers["Location"]).text)
        assert found
        return found[1]

    def rows(self) -> list[Comment]:
        with self.app.app_context():
            return list(db.session.scalars(select(Comment).order_by(Comment.id)))

    def office(self, number: int) -> str:
        """The office's page of the comment that was written as the so-manieth."""
        return f"/office/cases/{self.case_id}/comments/{self.rows()[number - 1].id}"

    def shown(self) -> list[Shown]:
        with self.app.app_context():
            return shown(db.session.get_one(Case, self.case_id), limit=100)

    def change(self, **values: Any) -> None:
        """Sets columns of the case."""
        with self.app.app_context():
            for name, value in values.items():
                setattr(db.session.get_one(Case, self.case_id), name, value)
            db.session.commit()

    def work(self) -> None:
        with self.app.app_context():
            worker: Worker = self.app.extensions["jobs"]
            worker.drain()


@pytest.fixture
def wall(app: Flask) -> Wall:
    with app.app_context():
        return Wall(app, case_id=make_case(slug="a-case", title="A case", comments_open=True).id)


@pytest.fixture
def limited(app: Flask) -> Iterator[None]:
    """With limits that count from nothing."""
    limiter: Limiter = app.extensions["limiter"]
    limiter.storage.reset()
    limiter.enabled = True
    yield
    limiter.enabled = False
    limiter.storage.reset()
