"""A delivered list whose lines are known, an official who asks for samples of it, and those who are asked."""

import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from core import clock
from core.db import db, insert
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.switches import turn
from core.vault import vault
from deliveries.models import Delivery, LinePart
from deliveries.sampling.models import Sample, SampleQuestion
from petitions import consent
from petitions.counting import tallies
from petitions.models import Petition, Signature, Submission
from petitions.paper.services import active_key
from petitions.persons import SEALED_CONTEXT
from petitions.states import Method, SignatureState, SubmissionState, Visibility
from tests.deliveries.factory import make_delivery
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import Campaign, make_campaign

QUESTION = re.compile(r"http://[\w.:]+(/questions/[\w-]{43})")


@dataclass
class Sampled:
    """`may_ask`: the line numbers of those who ticked it; line n is p<n>@example.org."""

    app: Flask
    campaign: Campaign
    office: Office
    delivery: str = ""
    delivery_id: int = 0
    may_ask: set[int] = field(default_factory=set)

    @property
    def page(self) -> str:
        return f"/deliveries/{self.delivery}/sample"

    @property
    def desk(self) -> str:
        return f"/office/petitions/{self.campaign.id}/deliveries/{self.delivery_id}/samples"

    def ask(self, seed: str = "5 17 23", size: Any = 40, **fields: str) -> TestResponse:
        given = {"seed": seed, "size": str(size), "token": self.campaign.token()}
        return self.campaign.client.post(self.page, data={**given, **fields})

    def samples(self) -> list[Sample]:
        with self.app.app_context():
            return list(db.session.scalars(select(Sample).order_by(Sample.id)))

    def questions(self) -> list[SampleQuestion]:
        with self.app.app_context():
            return list(db.session.scalars(select(SampleQuestion).order_by(SampleQuestion.id)))

    def approve(self) -> str:
        return self.office.saved(f"{self.desk}/{self.samples()[-1].id}/approve")

    def asked(self, **fields: Any) -> None:
        """A sample that was asked for, approved, and its mails written."""
        answer = self.ask(**fields)
        assert answer.status_code == 303, unescape(answer.text)
        self.approve()
        self.campaign.work()

    def links(self) -> dict[str, str]:
        """The question's link by address."""
        found = {mail.to: QUESTION.search(mail.text) for mail in self.campaign.mails()}
        return {to: link[1] for to, link in found.items() if link}

    def all_links(self) -> list[str]:
        """Every question's link that was mailed, the oldest first."""
        found = (QUESTION.search(mail.text) for mail in self.campaign.mails())
        return [link[1] for link in found if link]

    def answer(self, link: str, said: str = "yes", **fields: str) -> TestResponse:
        given = {"answer": said, "token": self.campaign.token()}
        return self.campaign.client.post(link, data={**given, **fields})

    def shown(self) -> str:
        answer = self.campaign.client.get(self.page)
        assert answer.status_code == 200
        return unescape(answer.text)

    def expected(self) -> set[str]:
        """The addresses on the drawn lines of the last sample whose owners ticked the box."""
        return {address(number) for number in self.samples()[-1].numbers if number in self.may_ask}


def address(number: int) -> str:
    return f"p{number}@example.org"


def make_sampled(app: Flask, lines: int = 100, every: int = 1, **case: Any) -> Sampled:
    """A list of so many lines; every nth of them ticked `may_ask`. Samples are switched on."""
    campaign = make_campaign(app)
    world = Sampled(app, campaign, enter(app))
    world.may_ask = set(range(every, lines + 1, every))
    with app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        for name, value in case.items():
            setattr(petition.case, name, value)
        turn(actor="cli", sampling=True)
        db.session.commit()
        vault().prepare(petition.scope)
        ids = _sign(petition, [(number, number in world.may_ask) for number in range(1, lines + 1)])
        db.session.commit()
    world.delivery = make_delivery(app, campaign.id, lines=lines)
    with app.app_context():
        world.delivery_id = db.session.scalars(select(Delivery.id).where(Delivery.public_id == world.delivery)).one()
        half = lines // 2
        for first, part in ((1, ids[:half]), (half + 1, ids[half:])):  # as a long list is stored: in several parts
            packed = b"".join(one.to_bytes(8, "big") for one in part)
            db.session.add(LinePart(delivery_id=world.delivery_id, first=first, signature_ids=packed))
        db.session.commit()
    return world


def _sign(petition: Petition, people: list[tuple[int, bool]]) -> list[int]:
    """Signatures with their submissions, as confirming leaves them, without a mail for each; their ids in order."""
    agreed = consent.digest_of(petition, Visibility.RECIPIENTS)
    key, hour, rows = vault().index_key(active_key(petition)), clock.to_hour(clock.now()), []
    for number, may_ask in people:
        public_id = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        person = {
            "name": f"Person {number}", "email": address(number), "postal_code": "", "role": "", "affiliation": "",
            "comment": "", "updates": False, "may_ask": may_ask, "salt": secrets.token_hex(32),
        }  # fmt: skip
        box = vault().seal(petition.scope, SEALED_CONTEXT, public_id, person)
        rows.append({
            "public_id": public_id, "petition_id": petition.id, "email_index": blind_index(key, person["email"]),
            "index_version": RULES_VERSION, "key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob,
            "country": "IE", "visibility": Visibility.RECIPIENTS, "source": "other", "consent_digest": agreed,
        })  # fmt: skip
    sent = {"state": SubmissionState.CONFIRMED, "received_at": hour}
    signed = {"method": Method.WEB, "state": SignatureState.VALID, "signed_at": hour, "confirmed_at": hour}
    db.session.execute(insert(Submission.__table__), [{**row, **sent} for row in rows])
    db.session.execute(insert(Signature.__table__), [{**row, **signed} for row in rows])
    standing = select(Signature).where(Signature.petition_id == petition.id).order_by(Signature.id)
    stored = list(db.session.scalars(standing))
    tallies.change_many(petition.id, 1, stored)
    return [one.id for one in stored]
