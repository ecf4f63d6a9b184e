"""Signatures as confirming leaves them, truly sealed, without the way through the door; and a log looked at from outside."""

import hashlib
import secrets
from base64 import b64encode
from typing import Any

from sqlalchemy import select

from core import clock, site_signature
from core.db import db
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.vault import vault
from deliveries.log import leaves, services
from deliveries.log.models import LogCheckpoint, LoggedLine
from petitions import consent, list_services
from petitions.models import Petition, Signature
from petitions.persons import SEALED_CONTEXT
from petitions.states import Method, SignatureState, Visibility


def person(address: str, **fields: Any) -> dict[str, Any]:
    typed = {"name": "Ada Example", "role": "Teacher", "affiliation": "A school", "postal_code": "", "comment": ""}
    return {**typed, "email": address, "updates": False, "may_ask": False, "salt": secrets.token_hex(32), **fields}


def add_signature(petition: Petition, visibility: Visibility = Visibility.RECIPIENTS, **fields: Any) -> Signature:
    """A confirmed signature, flushed. `fields`: of the sealed person."""
    vault().prepare(petition.scope)
    public_id, address = secrets.token_urlsafe(16), f"{secrets.token_hex(8)}@example.org"
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, public_id, person(address, **fields))
    made = Signature(
        public_id=public_id, petition_id=petition.id, method=Method.WEB, state=SignatureState.VALID, source="other",
        email_index=blind_index(vault().index_key(sealed.key_id), address), index_version=RULES_VERSION,
        key_id=sealed.key_id, data_key_id=sealed.data_key_id, blob=sealed.blob, country="IE", visibility=visibility,
        consent_digest=consent.digest_of(petition, visibility), signed_at=clock.to_hour(clock.now()),
        confirmed_at=clock.to_hour(clock.now()),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def reseal(petition: Petition, row: Signature, **fields: Any) -> None:
    """What a correction, or without fields a new key, does to the row: the same salt, another nonce."""
    vault().prepare(petition.scope)
    opened = vault().opener(petition.scope, SEALED_CONTEXT)
    was = opened(str(row.key_id), str(row.data_key_id), row.blob or b"", row.public_id)
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, row.public_id, {**was, **fields})
    row.key_id, row.data_key_id, row.blob = sealed.key_id, sealed.data_key_id, sealed.blob
    db.session.flush()


def log_of(petition: Petition) -> list[bytes]:
    """The leaves as anybody reads them, in their order."""
    whole = b"".join(services.prefix(petition, services.chunks.size(petition.id)))
    return [whole[at : at + 32] for at in range(0, len(whole), 32)]


def recomputed(petition: Petition) -> dict[int, bytes]:
    """Signature → leaf, made from what stands now: the opened row, and the episode that is kept of it."""
    episodes, found = dict(services.episodes(petition.id)), {}
    for line in list_services.signatures_for(petition):
        secret = leaves.secret_of(line.salt, episodes[line.signature_id])
        values = (line.name, line.role, line.affiliation, line.country, line.signed_on.isoformat())
        bound = leaves.Bound(petition.public_id, line.public_id, line.text)
        found[line.signature_id] = leaves.leaf(leaves.leaf_key(secret), bound, leaves.marks_of(secret, values))
    return found


def check_checkpoints(petition: Petition, log: list[bytes]) -> None:
    """Every note that was ever signed: by this site, in three lines, about a prefix of the log."""
    name = f"localhost/petitions/{petition.public_id}"
    theirs = select(LogCheckpoint).where(LogCheckpoint.petition_id == petition.id).order_by(LogCheckpoint.size)
    for signed in db.session.scalars(theirs).all():
        digest = hashlib.sha256(b"".join(log[: signed.size])).digest()
        assert len(log) >= signed.size and digest == signed.digest
        text = site_signature.note_text(signed.note, name, site_signature.public_key())
        assert text == f"{name}\n{signed.size}\n{b64encode(digest).decode()}\n"


def logged(petition: Petition) -> dict[int, LoggedLine]:
    theirs = select(LoggedLine).where(LoggedLine.petition_id == petition.id).order_by(LoggedLine.signature_id)
    return {row.signature_id: row for row in db.session.scalars(theirs.execution_options(populate_existing=True))}
