"""An organiser at the deliveries of one petition: the form, and packs as they lie in the store."""

import hashlib
import re
from html import unescape
from typing import Any

from sqlalchemy import select

from core.db import db
from core.vault import SITE, vault
from deliveries import asking
from deliveries.models import Delivery, DeliveryFile
from deliveries.packs import store
from deliveries.packs.sealing import Sealing
from petitions.models import Recipient
from tests.deliveries.factory import make_delivery
from tests.organisers.conftest import Office
from tests.petitions.conftest import Campaign

PURPOSE = "To see who stands behind the letter."
PACK = b"PK\x03\x04 a pack of " + bytes(range(256)) * 9000  # more than two sealed chunks
CODE = "ABCD-EFGH-2345"


class Desk:
    """An organiser at the deliveries of one petition."""

    def __init__(self, office: Office, campaign: Campaign) -> None:
        self.office, self.campaign, self.path = office, campaign, f"/office/petitions/{campaign.id}/deliveries"
        self.recipient = campaign.fresh(select(Recipient.id).where(Recipient.petition_id == campaign.id))

    def fields(self, **changed: Any) -> dict[str, Any]:
        given = {
            "recipient": str(self.recipient), "language": "en", "formats": ["csv"], "columns": ["role", "country"],
            "since": "", "notable_first": "y", "purpose": PURPOSE, "protection": "none",
            "kept_days": "14",
        }  # fmt: skip
        return {**given, **changed}

    def send(self, **changed: Any) -> Any:
        return self.office.post(f"{self.path}/new", **self.fields(**changed))

    def preview(self, value: str = "yes", **changed: Any) -> str:
        answer = self.send(preview=value, **changed)
        assert answer.status_code == 200, unescape(answer.text)
        return unescape(answer.text)

    def ask(self, **changed: Any) -> str:
        """The path of a delivery that was asked for."""
        answer = self.send(**changed)
        assert answer.status_code == 303, unescape(answer.text)
        where: str = answer.headers["Location"]
        assert re.fullmatch(rf"{self.path}/\d+", where)
        return where

    def made(self, **fields: Any) -> tuple[str, Delivery]:
        """A delivery whose pack lies sealed in the store, as the worker leaves it; its page, and its row."""
        public_id = make_delivery(self.office.app, self.campaign.id, {"signatures.csv": b"1,Ada"}, **fields)
        with self.office.app.app_context():
            vault().prepare(SITE)
            found = db.session.scalars(select(Delivery).where(Delivery.public_id == public_id)).one()
            key = hashlib.sha256(public_id.encode()).digest()
            with store.path_of(public_id, str(found.manifest)).open("wb") as file:
                sealing = Sealing(file, key)
                sealing.write(PACK)
                sealing.finish()
            asking.seal(found, {"pack_key": key.hex(), "cover_code": CODE})
            found.files.insert(0, _pack(public_id))
            db.session.commit()
            return f"{self.path}/{found.id}", found


def _pack(public_id: str) -> DeliveryFile:
    name, media_type = f"{public_id}.zip", "application/zip"
    digest = hashlib.sha256(PACK).digest()
    return DeliveryFile(position=-1, name=name, media_type=media_type, size=len(PACK), digest=digest)
