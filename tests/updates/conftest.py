"""A petition with signatories who asked for news, and updates that the worker sends."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from core.db import db
from petitions import services as petition_services
from petitions.updates import announcing, services
from petitions.updates.counting import Progress, progress
from petitions.updates.models import Update
from tests.petitions.conftest import Campaign, make_campaign

AUTHOR, COLLEAGUE = "olga@example.org", "nadia@example.org"
SUBJECT, BODY = "News that you asked for", "They are *free*. Read [more](https://example.org/more)."


class News:
    """A campaign's updates, by the services where the office's door is not what is looked at."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign, self.app = campaign, campaign.app

    def signed(self, *addresses: str, **fields: Any) -> None:
        """Sign and confirm, having asked for news."""
        for address in addresses:
            self.campaign.signed(address, **{"updates": "y", **fields})

    def draft(self, **values: Any) -> int:
        with self.app.app_context():
            petition = petition_services.get(self.campaign.id)
            given = {"actor": AUTHOR, "subject": SUBJECT, "body": BODY, **values}
            made = services.create(petition, **given)
            db.session.commit()
            return made.id

    def do(self, update_id: int, verb: Any, **values: Any) -> None:
        with self.app.app_context():
            verb(db.session.get_one(Update, update_id), **values)
            db.session.commit()

    def send(self, **values: Any) -> int:
        made = self.draft(**values)
        self.do(made, services.schedule, actor=AUTHOR)
        self.campaign.work()
        return made

    def announce(self, kind: str, **context: str) -> int:
        """What the site itself writes, under a key of its kind; sent."""
        with self.app.app_context():
            petition = petition_services.get(self.campaign.id)
            made = announcing.announce(petition, kind, actor=AUTHOR, key=f"{kind}:{petition.id}", context=context)
            db.session.commit()
            found = made.id
        self.campaign.work()
        return found

    def act(self, update_id: int, name: str) -> None:
        self.do(update_id, services.act, name=name, actor=AUTHOR)

    def state(self, update_id: int) -> str:
        with self.app.app_context():
            return db.session.get_one(Update, update_id).state.value

    def progress(self, update_id: int) -> Progress:
        with self.app.app_context():
            return progress(db.session.get_one(Update, update_id))

    def letters(self, address: str | None = None) -> list[EmailMessage]:
        """The updates among the mails written so far, oldest first."""
        folder = self.app.config["UNDERSIGNED"].mail_folder
        files = (path.read_bytes() for path in sorted(folder.glob("*.eml")))
        parsed = (email.message_from_bytes(one, policy=email.policy.default) for one in files)
        return [
            one for one in parsed if one.get_content_type() == "multipart/alternative" and address in (None, one["To"])
        ]

    def reached(self) -> list[str]:
        return sorted(letter["To"] for letter in self.letters())


@pytest.fixture
def news(app: Flask) -> News:
    return News(make_campaign(app))


def part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content())
