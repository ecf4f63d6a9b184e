"""What a clerk does with a mailed link and a told code: fetches the files, says that they came, sends the answer back.

The public server acts here: it holds no keystore and writes no entry of the audit chain. What is to be recorded is promised
to the worker in the same transaction."""

from datetime import date, timedelta

from sqlalchemy import func, select, update

from core import clock
from core.db import RowNotFound, db
from core.jobs import enqueue
from core.tokens import digest
from core.unsubscribes import WHOLE
from deliveries.clerk import codes, copies, papers
from deliveries.clerk.copies import Copy
from deliveries.clerk.models import ClerkLink, DeliveryPaper
from deliveries.packs.sealing import Damaged
from deliveries.states import PaperKind

LIFE = timedelta(days=90)
TRIES = 5
ACTED = "deliveries.clerk_acted"  # the kind of the job that records what a clerk did


class LinkGone(RowNotFound):
    """A link that never was, has run out, or was taken back."""


class WrongCode(ValueError):
    """Not the code of this link, or one too many wrong ones before: nobody is told which."""


class NotAtHand(Exception):
    """The files cannot be handed out here and now; the code was right."""


def get(secret: str) -> ClerkLink:
    """Raises LinkGone."""
    found = db.session.scalar(select(ClerkLink).where(ClerkLink.digest == digest(secret))) if _whole(secret) else None
    if found is None or not found.live or found.delivery.petition.erased_at:
        raise LinkGone
    return found


def open_files(link: ClerkLink, secret: str, typed: str) -> Copy:
    """The pack, once the caller has committed that it was fetched. Raises WrongCode, which counts, and NotAtHand."""
    opened = codes.derive(secret, codes.normalised(typed))
    right = opened.digest == link.code_digest
    alive = (ClerkLink.id == link.id, ClerkLink.code_tries < TRIES)
    if right:
        seen = update(ClerkLink).where(*alive).values(opened_at=func.coalesce(ClerkLink.opened_at, clock.now()))
    else:
        seen = update(ClerkLink).where(*alive).values(code_tries=ClerkLink.code_tries + 1)
    if db.session.execute(seen.returning(ClerkLink.id)).scalar() is None or not right:
        raise WrongCode
    try:
        copy = Copy(copies.path_of(link.public_id), opened.key)
    except (OSError, Damaged) as error:
        raise NotAtHand from error
    _promise(link, "fetched")
    return copy


def note_received(link: ClerkLink, *, file_number: str, answer_due: date | None) -> None:
    """The files came: since when, under which number they are kept, by when an answer is due. Again: corrects the two."""
    delivery = link.delivery
    if delivery.answer_due != answer_due:
        delivery.reminded_on = None
    first = delivery.received_at is None
    delivery.received_at = delivery.received_at or clock.now()
    delivery.file_number, delivery.answer_due = file_number, answer_due
    _promise(link, "received", told=first)


def leave_reply(link: ClerkLink, content: bytes) -> None:
    """Keeps the official's answer for the organisers. Raises papers.PaperRefused."""
    papers.add(link.delivery, content, kind=PaperKind.REPLY, by_clerk=True)
    _promise(link, "replied")


def sent_back(link: ClerkLink) -> int:
    """How many papers have come from the official's side."""
    mine = (DeliveryPaper.delivery_id == link.delivery_id, DeliveryPaper.by_clerk.is_(True))
    return db.session.scalar(select(func.count(DeliveryPaper.id)).where(*mine)) or 0


def _promise(link: ClerkLink, act: str, *, told: bool = True) -> None:
    enqueue(ACTED, {"delivery": link.delivery_id, "act": act, "told": told})


def _whole(secret: str) -> bool:
    return WHOLE.fullmatch(secret) is not None
