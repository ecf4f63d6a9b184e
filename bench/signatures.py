"""Confirmed signatures by the hundred thousand, truly sealed, put into the database without the way through the door."""

import secrets
from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert

from bench.ground import SLUG, Site
from core import clock
from core.db import db
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.vault import vault
from petitions import consent
from petitions.models import Petition, Signature
from petitions.persons import SEALED_CONTEXT
from petitions.services import get_public
from petitions.states import Method, SignatureState, Visibility

AT_ONCE = 5000
NAMES = ("Ada Example", "Áine Ní Shampla", "Пример Примеров", "Mustermann, Erika", "示例")


def insert_signatures(site: Site, wanted: int) -> None:
    """`wanted` signatures whose owners let the recipient see their names; committed."""
    with site.app.app_context():
        petition = get_public(SLUG)
        vault().prepare(petition.scope)
        made = rows(petition, wanted)
        for start in range(0, wanted, AT_ONCE):
            db.session.execute(insert(Signature), [next(made) for _ in range(min(AT_ONCE, wanted - start))])
            db.session.commit()


def rows(petition: Petition, wanted: int) -> Iterator[dict[str, Any]]:
    digest = consent.digest_of(petition, Visibility.RECIPIENTS)
    hour = clock.to_hour(clock.now())
    probe = vault().seal(petition.scope, SEALED_CONTEXT, "probe", {})
    index_key = vault().index_key(probe.key_id)
    for number in range(wanted):
        public_id, address = secrets.token_urlsafe(16), address_of(number)
        sealed = vault().seal(petition.scope, SEALED_CONTEXT, public_id, person(number, address))
        yield {
            "public_id": public_id, "petition_id": petition.id, "method": Method.WEB, "state": SignatureState.VALID,
            "email_index": blind_index(index_key, address), "index_version": RULES_VERSION,
            "key_id": sealed.key_id, "data_key_id": sealed.data_key_id, "blob": sealed.blob, "country": "IE",
            "visibility": Visibility.RECIPIENTS, "source": "other", "consent_digest": digest, "signed_at": hour,
            "confirmed_at": hour,
        }  # fmt: skip


def address_of(number: int) -> str:
    return f"person.{number}@example.org"


def person(number: int, address: str) -> dict[str, Any]:
    return {
        "name": f"{NAMES[number % len(NAMES)]} {number}", "email": address, "postal_code": "", "role": "Teacher",
        "affiliation": "", "comment": "", "updates": False, "may_ask": False, "salt": secrets.token_hex(32),
    }  # fmt: skip
