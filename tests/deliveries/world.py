"""A petition with signatories whose list is asked for and made, through the verbs and the worker; the pack opened again."""

import csv
import io
import json
import os
from dataclasses import dataclass
from typing import Any

import pyzipper
from flask import Flask
from sqlalchemy import select

from core.db import db
from core.vault import SITE, vault
from deliveries import asking
from deliveries.columns import ALL
from deliveries.models import Delivery, DeliveryFile
from deliveries.packs import store
from petitions import services
from tests.conftest import BASE
from tests.petitions.conftest import Campaign

ORGANISER = "olga@example.org"
WISHED: dict[str, Any] = {"language": "en", "formats": ("csv",), "columns": ALL}


def ask(campaign: Campaign, *, alone: bool = True, **wishes: Any) -> int:
    """Asks for a delivery to the petition's first recipient; its id."""
    with campaign.app.app_context():
        vault().prepare(SITE)
        petition = services.get(campaign.id)
        recipient = wishes.pop("recipient", petition.recipients[0])
        wished = asking.Wishes(recipient=recipient, **{**WISHED, **wishes})
        asked = asking.ask(petition, wished, by=1, actor=ORGANISER, alone=alone)
        db.session.commit()
        return asked.id


def row(app: Flask, delivery_id: int) -> Delivery:
    """The delivery's row as it is stored, with its files."""
    with app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        assert found.files is not None
        return found


def fetched(app: Flask, delivery_id: int) -> bytes:
    """The pack as an organiser fetches it."""
    with app.app_context():
        return b"".join(store.read(db.session.get_one(Delivery, delivery_id)))


@dataclass
class Opened:
    """A pack that was unzipped."""

    files: dict[str, bytes]

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads(self.files["manifest.json"]))

    def table(self, name: str = "signatures.csv") -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.files[name].decode("utf-8-sig"))))

    def lines(self) -> list[list[str]]:
        """The rows of the CSV that have a number."""
        return [cells for cells in self.table()[1:] if cells[0]]


def opened(content: bytes, password: str = "") -> Opened:
    with pyzipper.AESZipFile(io.BytesIO(content)) as pack:
        if password:
            pack.setpassword(password.encode())
        assert pack.testzip() is None
        return Opened({name: pack.read(name) for name in pack.namelist()})


def made(campaign: Campaign, **wishes: Any) -> tuple[int, Opened]:
    """Asked for, made by the worker, fetched and opened."""
    delivery_id = ask(campaign, **wishes)
    campaign.work()
    return delivery_id, opened(fetched(campaign.app, delivery_id), str(wishes.get("password", "")))


def kept_files(app: Flask) -> list[str]:
    """What lies in the folders of packs and of drafts."""
    settings = app.config["UNDERSIGNED"]
    folders = (settings.data / "deliveries", settings.drafts_folder)
    return sorted(path.name for folder in folders if folder.exists() for path in folder.iterdir())


def delivery_files(app: Flask, delivery_id: int) -> list[DeliveryFile]:
    with app.app_context():
        theirs = select(DeliveryFile).where(DeliveryFile.delivery_id == delivery_id).order_by(DeliveryFile.position)
        return list(db.session.scalars(theirs))


def environment(app: Flask) -> dict[str, str]:
    """The settings of another process of the same site."""
    settings = app.config["UNDERSIGNED"]
    own = {"UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url}
    return {"PATH": os.environ["PATH"], **BASE, **own}
