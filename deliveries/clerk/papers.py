"""Papers that come back from an official: told by their content, sealed to the site, public only by an organiser's yes."""

import secrets
from base64 import b64decode, b64encode

from flask_babel import gettext as _
from sqlalchemy import func, select

from cases.models import Case
from core import clock
from core.db import RowNotFound, db
from core.vault import SITE, Sealed, vault
from deliveries.clerk.models import DeliveryPaper
from deliveries.models import Delivery
from deliveries.seals import PAPER_CONTEXT
from deliveries.states import PUBLISHED, PaperKind
from petitions.models import Petition

LARGEST = 8 * 1024 * 1024
MOST = 20  # papers of one delivery
TEXT = "text/plain"
BEGINNINGS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", TEXT: "txt"}
CONTROLS = frozenset(map(chr, range(32))) - set("\t\n\r\f")


class PaperRefused(ValueError):
    """A file that is not taken, with a sentence that says what to send instead."""


class PaperNotFound(RowNotFound):
    """No such paper, or none that may be shown."""


def add(delivery: Delivery, content: bytes, *, kind: PaperKind, by_clerk: bool) -> DeliveryPaper:
    """Seals a paper; the vault was prepared for SITE. Raises PaperRefused."""
    media_type, public_id = type_of(content), secrets.token_urlsafe(15)
    if (db.session.scalar(select(func.count()).where(DeliveryPaper.delivery_id == delivery.id)) or 0) >= MOST:
        raise PaperRefused(_("There are %(most)s papers of this delivery already. Send this one by mail.", most=MOST))
    box = vault().seal(SITE, PAPER_CONTEXT, public_id, {"content": b64encode(content).decode()})
    paper = DeliveryPaper(
        public_id=public_id, delivery_id=delivery.id, kind=kind, by_clerk=by_clerk, media_type=media_type,
        size=len(content), key_id=box.key_id, data_key_id=box.data_key_id, blob=box.blob,
    )  # fmt: skip
    db.session.add(paper)
    db.session.flush()
    return paper


def type_of(content: bytes) -> str:
    """The media type, by what the bytes are and not by what anybody calls them. Raises PaperRefused."""
    if not content:
        raise PaperRefused(_("Choose a file: a PDF, a picture (JPEG, PNG, WebP) or plain text."))
    if len(content) > LARGEST:
        raise PaperRefused(_("The file is larger than 8 MB. Send a smaller scan, or the text alone."))
    found = next((kind for start, kind in BEGINNINGS.items() if content.startswith(start)), None)
    if found is None and content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = "image/webp"
    if found is None and _is_text(content):
        found = TEXT
    if found is None:
        raise PaperRefused(_("This file is of another kind. Send a PDF, a picture (JPEG, PNG, WebP) or plain text."))
    return found


def get(delivery: Delivery, paper_id: int) -> DeliveryPaper:
    """A paper of this very delivery. Raises PaperNotFound."""
    found = db.session.get(DeliveryPaper, paper_id)
    if found is None or found.delivery_id != delivery.id:
        raise PaperNotFound(paper_id)
    return found


def of(delivery: Delivery) -> list[DeliveryPaper]:
    """The oldest first."""
    mine = select(DeliveryPaper).where(DeliveryPaper.delivery_id == delivery.id)
    return list(db.session.scalars(mine.order_by(DeliveryPaper.id)))


def content_of(paper: DeliveryPaper) -> bytes:
    """The paper itself; needs the keystore."""
    sealed = Sealed(str(paper.key_id), str(paper.data_key_id), paper.blob or b"")
    opened = vault().open(sealed, scope=SITE, context=PAPER_CONTEXT, public_id=paper.public_id)
    return b64decode(opened["content"])


def publish(paper: DeliveryPaper) -> None:
    """Anybody may read it from now on."""
    paper.content, paper.published_at = content_of(paper), paper.published_at or clock.now()


def withhold(paper: DeliveryPaper) -> None:
    paper.content, paper.published_at = None, None


def withhold_all(case: Case) -> int:
    """Takes down every paper of a case; how many."""
    theirs = select(Delivery.id).join(Petition).where(Petition.case_id == case.id)
    shown = select(DeliveryPaper).where(DeliveryPaper.delivery_id.in_(theirs), DeliveryPaper.published_at.is_not(None))
    found = db.session.scalars(shown.order_by(DeliveryPaper.id)).all()
    for paper in found:
        withhold(paper)
    return len(found)


def get_public(public_id: str) -> DeliveryPaper:
    """A paper that anybody may read now. Raises PaperNotFound: of a frozen or blurred case none, it may name anybody."""
    query = select(DeliveryPaper).join(DeliveryPaper.delivery)
    shown = (DeliveryPaper.published_at.is_not(None), Delivery.state.in_(PUBLISHED))
    found = db.session.scalar(query.where(DeliveryPaper.public_id == public_id, *shown))
    if found is None or not may_be_public(found.delivery):
        raise PaperNotFound(public_id)
    return found


def may_be_public(delivery: Delivery) -> bool:
    """Whether papers of it may be shown to anybody: not while its case is dangerous, blurred or frozen."""
    case = delivery.petition.case
    return not (case.dangerous or case.blurred_at or case.frozen_at)


def file_name(paper: DeliveryPaper) -> str:
    """Neutral: what a clerk called the file may name anybody."""
    return f"{paper.kind}-{paper.id}.{ENDINGS[paper.media_type]}"


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return CONTROLS.isdisjoint(text)
