"""The manifest: what a delivery is, file by file, in the exact text whose bytes the site's key signs."""

import json
import secrets
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from core import site_signature
from core.db import db
from deliveries.documents.facts import Facts
from deliveries.models import Delivery
from deliveries.packs.archive import Packed
from deliveries.packs.freezing import Frozen
from deliveries.seals import MANIFEST
from petitions.models import ConsentText


def manifest_of(found: Delivery, frozen: Frozen, facts: Facts, files: Iterable[Packed], made_at: datetime) -> str:
    """The text. `facts`: of the same moment as the frozen lines."""
    key = site_signature.public_key()
    told = {
        **_what(found, frozen, facts, made_at),
        "version": MANIFEST,
        "files": [_file(file) for file in files],
        "texts": list(_texts(frozen)),
        "log": {"size": frozen.size, "sha256": frozen.log_digest.hex(), "note": frozen.note},
        "key": {"public": b64encode(key).decode(), "fingerprint": site_signature.fingerprint(key)},
        "random": secrets.token_hex(16),
    }
    return json.dumps(told, sort_keys=True, indent=1, ensure_ascii=False)


def _what(found: Delivery, frozen: Frozen, facts: Facts, made_at: datetime) -> dict[str, Any]:
    """`lines` are those who agreed to be named to the recipient: of a delivery of numbers only, too."""
    petition, numbers = found.petition, facts.numbers
    return {
        "delivery": found.public_id, "site": facts.server, "check": facts.check, "made_at": made_at.isoformat(),
        "petition": {"public_id": petition.public_id, "slug": petition.slug, "title": facts.texts.title},
        "recipient": dict(found.recipient), "language": found.language, "columns": list(found.columns),
        "lines": numbers.lines, "counted": numbers.counted, "withheld": numbers.withheld,
        "filters": _filters(found),
        "purpose": found.purpose, "delete_by": found.delete_by.isoformat() if found.delete_by else None,
        "controller": facts.controller, "contact": facts.contact,
    }  # fmt: skip


def _filters(found: Delivery) -> Mapping[str, Any]:
    since = db.session.get(Delivery, found.since_id) if found.since_id else None
    return {
        "countries": list(found.countries), "since": since.public_id if since else None,
        "notable_first": found.notable_first, "count_only": found.count_only,
    }  # fmt: skip


def _file(file: Packed) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "sha256": file.digest.hex(), "document": file.document}


def _texts(frozen: Frozen) -> Iterator[dict[str, Any]]:
    """What the people on the list agreed to, by hash."""
    columns = (ConsentText.digest, ConsentText.version, ConsentText.language)
    agreed = (
        select(*columns).where(ConsentText.digest.in_(frozen.texts)).order_by(ConsentText.version, ConsentText.digest)
    )
    for digest, version, language in db.session.execute(agreed):
        yield {"digest": digest, "version": version, "language": language}


def signed(manifest: str) -> bytes:
    """The site's signature over the exact bytes; needs the keystore."""
    return site_signature.sign(MANIFEST, manifest.encode())


def digest_of(manifest: str) -> str:
    return sha256(manifest.encode()).hexdigest()
