"""Notes that a clerk gets after the list: which lines to strike, and now and then the newest checkpoint of the public log.

At most one a day and delivery, with line numbers and never a name. Checkpoints come at most once in thirty days, with a note
that goes anyway or by themselves, for as long as the link lives."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from core import audit, clock, mail, unsubscribes
from core.db import db
from core.jobs import Job
from core.vault import SITE, vault
from deliveries import corrections
from deliveries.clerk import links
from deliveries.clerk.models import ClerkLink
from deliveries.log.models import LogCheckpoint
from deliveries.models import Correction, Delivery

WENT = "deliveries.correction_went"
APART = timedelta(days=1)
CHECKPOINT_APART = timedelta(days=30)


def send_all() -> bool:
    """The worker's tick: promises the notes that are due; the jobs are found by themselves. Commits."""
    vault().prepare(SITE)
    standing = select(ClerkLink.id).where(ClerkLink.revoked_at.is_(None), ClerkLink.blob.is_not(None))
    for link_id in db.session.scalars(standing.order_by(ClerkLink.id)).all():
        _send(db.session.get_one(ClerkLink, link_id))
        db.session.commit()
    return False


def went(job: Job) -> None:
    """A note was sent: what stood in it is no news any more."""
    delivery = db.session.get_one(Delivery, job.args["delivery"])
    corrections.mark_sent(delivery.id, job.args["last"])
    subject = f"{delivery.petition.slug}:{delivery.public_id}"
    audit.record("delivery.correction_sent", subject, actor="system", lines=job.args["lines"])


def ranges(numbers: Iterable[int]) -> str:
    """Numbers in rising order, as a person reads them: 3, 17, 20–22."""
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in _runs(numbers))


def said(delivery: Delivery, rows: Iterable[Correction]) -> dict[str, str]:
    """What deliveries/correction_note.txt says: the list, and the numbers of these lines."""
    numbers = ranges(row.number for row in rows)
    return {"delivery": delivery.public_id, "numbers": numbers, "made_on": f"{delivery.made_at:%Y-%m-%d}"}


def _send(link: ClerkLink) -> None:
    delivery, rows, point = link.delivery, _due(link.delivery), _checkpoint(link)
    if not links.is_mailed(link) or not (rows or point):
        return
    email, server = links.address_of(link), current_app.config["UNDERSIGNED"].server_url
    context = {
        **said(delivery, rows), "checkpoint": point.note if point else "",
        "links": {"unsubscribe": f"{server}/unsubscribe/{unsubscribes.token_of(email)}"},
    }  # fmt: skip
    ids = sorted(row.id for row in rows)
    told = {"delivery": delivery.id, "last": ids[-1], "lines": len(ids)} if ids else None
    mail.promise(
        "delivery_note", to=email, context=context, language=delivery.language, then=(WENT, told) if told else None,
        key=f"correction:{link.public_id}:{ids[0]}" if ids else f"checkpoint:{link.public_id}:{point and point.size}",
    )  # fmt: skip
    if point:
        link.checkpoint_at = clock.now()


def _due(delivery: Delivery) -> list[Correction]:
    """What the recipient is to be told now: nothing within a day of the last note, nor once the list must be deleted there."""
    told = [row.sent_at for row in corrections.of(delivery) if row.sent_at is not None]
    if told and max(told) > clock.now() - APART:
        return []
    if delivery.delete_by and delivery.delete_by < clock.now().date():
        return []
    return corrections.unsent(delivery)


def _checkpoint(link: ClerkLink) -> LogCheckpoint | None:
    """The petition's newest, where the last one was mailed long enough ago."""
    since = link.checkpoint_at or link.created_at
    if not link.live or since > clock.now() - CHECKPOINT_APART:
        return None
    newer = (LogCheckpoint.petition_id == link.delivery.petition_id, LogCheckpoint.created_at > since)
    return db.session.scalars(
        select(LogCheckpoint).where(*newer).order_by(LogCheckpoint.size.desc()).limit(1)
    ).one_or_none()


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for number in numbers:
        if first and number == last + 1:
            last = number
            continue
        if first:
            yield first, last
        first = last = number
    if first:
        yield first, last
