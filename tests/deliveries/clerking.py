"""A delivery with its pack, an office that sends links, a clerk who opens them, and signatures that stand on its lines."""

import email.policy
import hashlib
import io
import re
import secrets
import zipfile
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.audit import AuditEntry
from core.db import db
from core.vault import SITE, vault
from deliveries import asking
from deliveries.models import Delivery, LinePart
from deliveries.packs import store
from deliveries.packs.sealing import Sealing
from petitions.models import Signature
from tests.deliveries.factory import make_delivery
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import Campaign, make_campaign

LETTER = b"%PDF-1.7 the letter\n%%EOF"
CLERK = "registry@ministry.example"
LINK = re.compile(r"http://[\w.:]+(/deliveries/clerk/[\w-]{43})$", re.MULTILINE)
CODE = re.compile(r"<code>([A-Z2-7]{5}-[A-Z2-7]{5})</code>")


@dataclass
class Desk:
    """One delivery from both sides."""

    app: Flask
    campaign: Campaign
    office: Office
    public_id: str = ""
    pack: bytes = b""
    sent: list[EmailMessage] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.campaign.fresh(select(Delivery.id).where(Delivery.public_id == self.public_id)))

    @property
    def record(self) -> str:
        return f"/office/petitions/{self.campaign.id}/deliveries/{self.id}/record"

    def found(self) -> Delivery:
        """The row, in whatever context is open."""
        return db.session.scalars(select(Delivery).where(Delivery.public_id == self.public_id)).one()

    def change(self, **values: Any) -> None:
        with self.app.app_context():
            for name, value in values.items():
                setattr(self.found(), name, value)
            db.session.commit()

    def send(self, address: str = CLERK) -> tuple[str, str]:
        """Sends a link from the office and lets the worker work: the link's path, and the code."""
        answer = self.office.post(f"{self.record}/clerk", email=address)
        assert answer.status_code == 200, answer.text
        self.campaign.work()
        return self.link(address), CODE.search(answer.text)[1]  # type: ignore[index]

    def link(self, address: str = CLERK) -> str:
        return LINK.search(text_of(self.mails(address)[-1]))[1]  # type: ignore[index]

    def mails(self, address: str) -> list[EmailMessage]:
        """Mails written so far to an address, oldest first."""
        folder = self.app.config["UNDERSIGNED"].mail_folder
        paths = sorted(folder.glob("*.eml")) if folder.exists() else []
        read = (email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths)
        return [message for message in read if message["To"] == address]  # type: ignore[misc]

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self.app.test_client().post(path, data={"token": self.campaign.token(), **fields})

    def acts(self, actor: str) -> list[tuple[str, str]]:
        with self.app.app_context():
            mine = select(AuditEntry.act, AuditEntry.subject).where(AuditEntry.actor == actor).order_by(AuditEntry.id)
            return [(act, subject) for act, subject in db.session.execute(mine)]

    def delivered(self, *addresses: str) -> list[int]:
        """These sign, and stand on the delivery's lines in this order; their signatures' ids."""
        for address in addresses:
            self.campaign.signed(address, name=f"{address.partition('@')[0].title()} Example")
        with self.app.app_context():
            ids = list(db.session.scalars(select(Signature.id).order_by(Signature.id)))[-len(addresses) :]
            packed = b"".join(one.to_bytes(8, "big") for one in ids)
            db.session.add(LinePart(delivery_id=self.found().id, first=1, signature_ids=packed))
            self.found().lines, self.found().last_signature_id = len(ids), max(ids)
            db.session.commit()
        return ids

    def leave(self, address: str) -> None:
        """Withdraws by the mailed link."""
        confirming = [mail for mail in self.campaign.mails(address) if "withdraw" in mail.links]
        assert self.campaign.press(confirming[-1].links["withdraw"]).status_code == 303


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body else ""


def make_desk(app: Flask, **values: Any) -> Desk:
    return pack_for(app, make_campaign(app), enter(app), **values)


def pack_for(app: Flask, campaign: Campaign, office: Office, **values: Any) -> Desk:
    """A petition's delivery, with its pack where the store keeps it."""
    desk = Desk(app, campaign, office)
    desk.pack = _zip(
        {"README.txt": b"Read me.", "letter.pdf": LETTER, "signatures.csv": secrets.token_bytes(2_500_000)}
    )
    files = {"pack.zip": desk.pack, "letter.pdf": LETTER}
    desk.public_id = make_delivery(app, campaign.id, files, **values)
    with app.app_context():
        vault().prepare(SITE)
        found, key = desk.found(), secrets.token_bytes(32)
        asking.seal(found, {store.PACK_KEY: key.hex()})
        with store.path_of(found.public_id, str(found.manifest)).open("wb") as file:
            sealing = Sealing(file, key)
            sealing.write(desk.pack)
            sealing.finish()
        found.files[0].media_type = "application/zip"
        db.session.commit()
    return desk


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
