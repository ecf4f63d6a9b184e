"""Donors as the worker knows them: which gifts came from one mailbox, and what is sealed of who sent them."""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text, update

from core import clock
from core.db import db, insert
from core.mailboxes.canonical import canonical
from core.vault import SITE, Sealed, vault
from donations.checkout_services import open_donor
from donations.models import DONORLESS, Donation
from donations.own_page.models import Donor
from donations.seals import readable

SEALED_CONTEXT = "undersigned/donor/v1"
AT_ONCE = 200


def index_of(email: str) -> bytes:
    """The mark by which the gifts of one mailbox find each other; needs the keystore."""
    key = vault().keystore.key_for("donor-index")
    return hmac.digest(key, canonical(email).encode(errors="replace"), "sha256")


def find(email: str) -> Donor | None:
    """The donor with this address, in whatever spelling."""
    return db.session.scalar(select(Donor).where(Donor.email_index == index_of(email)))


def of(donation: Donation) -> Donor | None:
    """The donor of a gift, made where there is none yet; None where the gift's own data were erased."""
    if donation.donor is None and donation.blob is not None:
        _attach(donation, open_donor(donation))
    return donation.donor


def gather(limit: int = AT_ONCE) -> int:
    """Ties gifts that were made to their donors, past those that cannot be opened; how many. The worker only."""
    waiting = select(Donation).where(text(DONORLESS)).order_by(Donation.id).limit(limit)
    tied, last = 0, 0
    while not tied and (gifts := db.session.scalars(waiting.where(Donation.id > last)).all()):
        vault().prepare(SITE)  # before the first write
        tied, last = sum(_tie(gift) for gift in gifts), gifts[-1].id
    return tied


def open_person(donor: Donor) -> dict[str, Any]:
    """Name and e-mail of a donor, and `postal`, the address by field, where one was given."""
    sealed = Sealed(donor.key_id, donor.data_key_id, donor.blob or b"")
    return vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=donor.public_id)


def seal_person(donor: Donor, person: Mapping[str, Any]) -> None:
    """Seals a donor anew. The caller has prepared the vault for SITE and holds the row's lock."""
    box = vault().seal(SITE, SEALED_CONTEXT, donor.public_id, person)
    donor.key_id, donor.data_key_id, donor.blob = box.key_id, box.data_key_id, box.blob
    db.session.flush()


def lock(donor_id: int) -> Donor | None:
    """The donor, locked on both databases until the commit; None where they were erased."""
    db.session.execute(update(Donor).where(Donor.id == donor_id).values(id=Donor.id))
    donor = db.session.get(Donor, donor_id, populate_existing=True)
    return donor if donor and donor.blob is not None else None


def _tie(donation: Donation) -> bool:
    person = readable(open_donor, donation)
    if person is not None:
        _attach(donation, person)
    return person is not None


def _attach(donation: Donation, person: Mapping[str, Any]) -> None:
    public_id = secrets.token_urlsafe(16)
    known = {"name": person["name"], "email": person["email"]}
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, known)
    new = insert(Donor).values(
        public_id=public_id, email_index=index_of(person["email"]), language=donation.language, created_at=clock.now(),
        key_id=box.key_id, data_key_id=box.data_key_id, blob=box.blob,
    )  # fmt: skip
    # The newest gift's language is the one that they are written in; the row that was there keeps the rest.
    kept = new.on_conflict_do_update(index_elements=["email_index"], set_={"language": new.excluded.language})
    donation.donor_id = db.session.execute(kept.returning(Donor.id)).scalar_one()
    db.session.flush()
    db.session.expire(donation, ["donor"])
