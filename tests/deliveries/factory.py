"""Deliveries as they stand once a worker has made them, written straight into the database: for whatever comes after making."""

import hashlib
import json
import secrets
from typing import Any

from flask import Flask

from core import clock, site_signature
from core.db import db
from deliveries.asking import new_public_id
from deliveries.models import Delivery, DeliveryFile
from deliveries.seals import MANIFEST
from deliveries.states import DeliveryState
from petitions import services

CSV = b"\xef\xbb\xbfNo.,Name\r\n1,Ada Example\r\n"


def make_delivery(app: Flask, petition_id: int, files: dict[str, bytes] | None = None, **fields: Any) -> str:
    """A delivery that is ready, signed by the site's key; its public id."""
    with app.app_context():
        petition, files = services.get(petition_id), {"signatures.csv": CSV} if files is None else files
        recipient = petition.recipients[0]
        copied = {name: getattr(recipient, name) for name in ("name", "role", "organisation", "address", "country")}
        found = Delivery(
            public_id=new_public_id(), petition_id=petition.id, recipient_id=recipient.id, recipient=copied, language="en",
            formats=["csv"], columns=["number", "name"], created_by=1, state=DeliveryState.READY, made_at=clock.now(),
            lines=1, key_fingerprint=site_signature.fingerprint(site_signature.public_key()),
        )  # fmt: skip
        for name, value in fields.items():
            setattr(found, name, value)
        digests = {name: hashlib.sha256(content).digest() for name, content in files.items()}
        listed = [{"name": name, "sha256": digest.hex()} for name, digest in digests.items()]
        manifest = {"delivery": found.public_id, "random": secrets.token_hex(16), "files": listed, "lines": found.lines}
        found.manifest = json.dumps(manifest, indent=1)
        found.signature = site_signature.sign(MANIFEST, found.manifest.encode())
        for position, (name, digest) in enumerate(digests.items()):
            size = len(files[name])
            found.files.append(
                DeliveryFile(position=position, name=name, media_type="text/csv", size=size, digest=digest)
            )
        db.session.add(found)
        db.session.commit()
        return found.public_id
