"""The steps that a donor takes on the own page, and what mails hold beside their text."""

import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.db import db
from core.tokens import form_token
from donations.models import Donation
from tests.donations.conftest import DONOR, World

PAGE = re.compile(r"http://[\w.:]+(/donations/manage/[\w-]{43})$", re.MULTILINE)
PROOF = re.compile(r"http://[\w.:]+(/donations/manage/address/[\w-]{43})$", re.MULTILINE)


@dataclass
class Visitor:
    """A browser without cookies at a site, and the mails that its owner gets."""

    world: World

    @property
    def client(self) -> FlaskClient:
        return self.world.app.test_client()

    def token(self) -> str:
        with self.world.app.test_request_context():
            return form_token()

    def ask_for_link(self, address: str = DONOR, **fields: Any) -> TestResponse:
        return self.client.post("/donations/manage", data={"email": address, "token": self.token(), **fields})

    def texts(self, address: str = DONOR) -> list[str]:
        """The texts of the mails to an address, after the worker has done its work."""
        return [mail.get_body(("plain",)).get_content() for mail in self.world.mails_to(address)]  # type: ignore[union-attr]

    def subjects(self, address: str = DONOR) -> list[str]:
        return [mail["Subject"] for mail in self.world.mails_to(address)]

    def own(self, address: str = DONOR) -> str:
        """The address of the own page, from the newest mail that holds one."""
        return self.pages(address)[-1]

    def pages(self, address: str = DONOR) -> list[str]:
        """The addresses of the own page in all mails, oldest first."""
        return [found[1] for text in self.texts(address) if (found := PAGE.search(text))]

    def proof(self, address: str) -> str:
        return [found[1] for text in self.texts(address) if (found := PROOF.search(text))][-1]

    def page(self, own: str) -> str:
        answer = self.client.get(own)
        assert answer.status_code == 200
        return answer.text

    def press(self, own: str, act: str, **fields: Any) -> TestResponse:
        return self.client.post(f"{own}/own/{act}", data={"token": self.token(), **fields})

    def press_paper(self, own: str, kind: str, number: str) -> TestResponse:
        return self.client.post(f"{own}/papers/{kind}", data={"token": self.token(), "number": number})

    def press_on(self, own: str, gift: str, act: str, **fields: Any) -> TestResponse:
        return self.client.post(f"{own}/gift/{gift}/{act}", data={"token": self.token(), **fields})


def donation(world: World, public_id: str) -> Donation:
    """Read afresh."""
    with world.app.app_context():
        found = db.session.scalars(select(Donation).where(Donation.public_id == public_id)).one()
        db.session.expunge(found)
        return found
