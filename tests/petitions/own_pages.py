"""The steps that a signatory takes on the own page, and what mails hold beside their text."""

import email
import email.policy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from core.db import db
from core.jobs import Job
from petitions.models import Signature
from tests.petitions.conftest import Campaign

OWN = re.compile(r"http://[\w.:]+(/signatures/[\w-]{43})$", re.MULTILINE)
UNSUBSCRIBE = re.compile(r"http://[\w.:]+(/unsubscribe/[\w-]{43})$", re.MULTILINE)


@dataclass
class Letter:
    to: str
    text: str
    files: dict[str, Any] = field(default_factory=dict)

    @property
    def own(self) -> str:
        return OWN.search(self.text)[1]  # type: ignore[index]

    @property
    def unsubscribe(self) -> str:
        return UNSUBSCRIBE.search(self.text)[1]  # type: ignore[index]


def letters(campaign: Campaign, address: str | None = None) -> list[Letter]:
    """Mails written so far, oldest first, with what is attached to them."""
    found = []
    for path in sorted(campaign.app.config["UNDERSIGNED"].mail_folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        files = {part.get_filename(): json.loads(part.get_payload(decode=True)) for part in message.iter_attachments()}
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        found.append(Letter(message["To"], text, files))
    return [letter for letter in found if address in (None, letter.to)]


def own_page(campaign: Campaign, address: str = "ada@example.org", **fields: Any) -> str:
    """Signs and confirms; the address of the own page, from the newest mail."""
    campaign.signed(address, **fields)
    return letters(campaign, address)[-1].own


def press(campaign: Campaign, own: str, act: str, **fields: Any) -> TestResponse:
    return campaign.client.post(f"{own}/own/{act}", data={"token": campaign.token(), **fields})


def ask_for_link(campaign: Campaign, address: str = "ada@example.org", **fields: Any) -> TestResponse:
    given = {"email": address, "petition": campaign.slug, "token": campaign.token(), **fields}
    return campaign.client.post("/signatures/manage", data=given)


def signature(campaign: Campaign) -> Signature:
    """The only signature, read afresh."""
    with campaign.app.app_context():
        return db.session.scalars(select(Signature)).one()


TONIGHT = "donations.reconcile"  # promised for the night that comes


def jobs_left(campaign: Campaign) -> int:
    """Those that the worker has not done, but for tonight's."""
    return rows(campaign, Job, Job.state != "done", Job.kind != TONIGHT)


def rows(campaign: Campaign, table: Any, *conditions: Any) -> int:
    return int(campaign.fresh(select(func.count()).select_from(table).where(*conditions)))
