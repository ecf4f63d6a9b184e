"""Which delivery a file belongs to, and what may be said of one: of a dangerous case nothing without the cover sheet's code.

Whatever may not be spoken of looks as if it did not exist: its page is the page of an address that was never given out."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from cases import veil
from cases.models import CaseStatus
from core import site_signature
from core.db import RowNotFound, db
from core.languages import Said
from deliveries.models import Delivery, DeliveryFile
from deliveries.recipients import addressee
from deliveries.states import PUBLISHED, DeliveryState
from petitions import showing
from petitions.models import Petition
from petitions.versions import translations

LOOKS_LIKE_OURS = re.compile(r"d[\w-]{20}", re.ASCII)
MANIFEST, SIGNATURE = "manifest.json", "manifest.json.sig"


class NoDelivery(RowNotFound):
    """No delivery has such an address, or nothing is said of it."""


@dataclass(frozen=True)
class Told:
    """A delivery as its check page tells of it. `key`: of which the first half is read out; `code`: what opened it, if any."""

    public_id: str
    petition: Petition
    title: Said
    recipient: str
    made_on: date
    lines: int
    counted: int
    count_only: bool
    fingerprint: str
    expired: bool
    handed_on: date | None
    reply: str
    replied_on: date | None
    code: str

    @property
    def key(self) -> str:
        return site_signature.in_groups(self.fingerprint)


@dataclass(frozen=True)
class Listed:
    """A delivery as its petition's page names it."""

    public_id: str
    recipient: str
    made_on: date
    lines: int


def opened(public_id: str, code: str = "") -> Delivery | None:
    """The delivery of this address, if anything may be said of it. Raises NoDelivery for what is no address of ours."""
    if not LOOKS_LIKE_OURS.fullmatch(public_id):
        raise NoDelivery(public_id)
    found = db.session.scalar(_published().where(Delivery.public_id == public_id))
    return found if found is not None and may_be_told(found, code) else None


def of_file(digest: bytes, code: str = "") -> tuple[Delivery, str] | None:
    """The delivery that a file with this SHA-256 is part of, and the file's name in it; only if anything may be said of it."""
    known = _published(DeliveryFile.name).join(DeliveryFile, DeliveryFile.delivery_id == Delivery.id)
    for found, name in db.session.execute(known.where(DeliveryFile.digest == digest).order_by(Delivery.id.desc())):
        if may_be_told(found, code):
            return found, name
    return None


def manifest_named(found: Delivery, digest: bytes) -> str | None:
    """Which of the two files that no manifest can list this SHA-256 is of."""
    for name, content in ((MANIFEST, (found.manifest or "").encode()), (SIGNATURE, found.signature or b"")):
        if hmac.compare_digest(hashlib.sha256(content).digest(), digest):
            return name
    return None


def may_be_told(found: Delivery, code: str = "") -> bool:
    """Whether the check page speaks of it: not while its petition cannot be seen; of a dangerous case to the code only."""
    case, opens = found.petition.case, code_opens(found, code)
    hidden = found.petition.hidden or case.frozen_at is not None or case.status == CaseStatus.DRAFT
    return not hidden and (opens or not case.dangerous)


def code_opens(found: Delivery, code: str) -> bool:
    """Whether that is the code on its cover sheet, however it was typed."""
    digest = hashlib.sha256(normalised(code).encode()).digest()
    return hmac.compare_digest(digest, found.cover_code_digest or bytes(32))


def normalised(code: str) -> str:
    """A code as its digest is made of it: capitals, without spaces and dashes."""
    return re.sub(r"[\s\u2010-\u2015-]", "", code).upper()


def told(found: Delivery, language: str = "", code: str = "") -> Told:
    """What may be said of it, its petition in that language where it has been translated."""
    petition, zone = showing.shown(found.petition), ZoneInfo(found.petition.time_zone)
    try:
        title = translations.reading(petition, language).title
    except translations.TranslationNotFound:
        title = translations.reading(petition).title
    made_at = found.made_at
    assert made_at is not None  # the database holds it of whatever is published
    return Told(
        public_id=found.public_id, petition=petition, title=title, recipient=addressee(found),
        made_on=made_at.astimezone(zone).date(), lines=found.lines, counted=found.counted, count_only=found.count_only,
        fingerprint=found.key_fingerprint or "", expired=found.state == DeliveryState.EXPIRED, handed_on=found.handed_on,
        reply=veil.shown(petition.case, found.reply), replied_on=found.replied_on, code=code,
    )  # fmt: skip


def signed_file(found: Delivery, name: str) -> bytes:
    """The exact bytes of the manifest, or of the signature under it. Raises NoDelivery while its words may not be read."""
    if not _still_said(found):
        raise NoDelivery(found.public_id)
    return (found.manifest or "").encode() if name == MANIFEST else found.signature or b""


def list_of(petition: Petition) -> list[Listed]:
    """The deliveries that the petition's page names, the newest first; none of a dangerous case."""
    theirs = _published().where(Delivery.petition_id == petition.id).order_by(Delivery.id.desc())
    zone = ZoneInfo(petition.time_zone)
    return [
        Listed(found.public_id, addressee(found), found.made_at.astimezone(zone).date(), found.lines)
        for found in db.session.scalars(theirs) if found.made_at and may_be_told(found)
    ]  # fmt: skip


def _still_said(found: Delivery) -> bool:
    """Whether this site still says what the manifest says: signed words cannot be given initials, so they are kept back."""
    petition = found.petition
    if petition.case.blurred_at is not None:
        return False
    said: dict[str, Any] = json.loads(found.manifest or "{}")
    about = said.get("petition", {})
    titles = {title for text in _texts(petition) for title in (text.title, veil.covered(petition.case, text.title))}
    return (
        about.get("title", petition.title) in titles
        and about.get("slug", petition.slug) == petition.slug
        and said.get("purpose", found.purpose) == found.purpose
    )


def _texts(petition: Petition) -> Iterator[Any]:
    """Whatever has the petition's title: it, and its translations."""
    yield petition
    yield from translations.list_of(petition)


def _published(*columns: Any) -> Any:
    whole = joinedload(Delivery.petition).joinedload(Petition.case)
    return select(Delivery, *columns).where(Delivery.state.in_(PUBLISHED)).options(whole)
