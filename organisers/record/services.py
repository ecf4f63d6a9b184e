"""What organisers note of a delivery: how it was handed over, what came back, and what of it the public may read."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from core import audit, clock
from core.db import db
from deliveries import corrections
from deliveries.clerk import papers
from deliveries.clerk.models import DeliveryPaper
from deliveries.models import Delivery
from deliveries.states import PUBLISHED, PaperKind
from organisers.petitions import services as petition_services
from organisers.retention import services as retention_services
from petitions.outcomes import ANSWERABLE


class NotMade(ValueError):
    """There is no pack that could have been handed over."""


class NoReply(ValueError):
    """No text of a reply is noted yet."""


class AnsweredAlready(ValueError):
    """The petition has an answer: it is corrected where it stands."""


def hand_over(delivery: Delivery, *, actor: str, handed_on: date, **values: Any) -> None:
    """Notes how it was handed over; the petition is delivered with it where nobody can sign any more, and its clocks run.

    Raises NotMade, retention_services.NotYet."""
    petition = delivery.petition
    if delivery.state not in PUBLISHED:
        raise NotMade(delivery.public_id)
    if datetime.combine(handed_on, time(), ZoneInfo(petition.time_zone)) > clock.now():
        raise retention_services.NotYet(handed_on)
    if delivery.answer_due != values["answer_due"]:
        delivery.reminded_on = None
    delivery.handed_on = handed_on
    for name, value in values.items():
        setattr(delivery, name, value)
    _record("delivery.handed_over", delivery, actor, on=handed_on.isoformat(), how=str(delivery.handed_how))
    last = petition.delivered_on
    if retention_services.takes_delivery(petition) and (last is None or last < handed_on):
        retention_services.record_delivery(petition, handed_on, petition.retention_days, actor=actor)


def note_reply(delivery: Delivery, *, actor: str, reply: str, replied_on: date) -> None:
    """Raises NotMade."""
    if delivery.state not in PUBLISHED:
        raise NotMade(delivery.public_id)
    delivery.reply, delivery.replied_on = reply, replied_on
    _record("delivery.replied", delivery, actor, on=replied_on.isoformat())


def may_answer(delivery: Delivery) -> bool:
    """Whether the noted reply can become the petition's public answer."""
    petition = delivery.petition
    return (
        bool(delivery.reply and delivery.replied_on) and petition.answered_on is None and petition.state in ANSWERABLE
    )


def answer(delivery: Delivery, *, actor: str) -> None:
    """Makes the noted reply the petition's public answer, once. Raises NoReply, AnsweredAlready, WrongState."""
    if not delivery.reply or delivery.replied_on is None:
        raise NoReply(delivery.public_id)
    db.session.refresh(delivery.petition, with_for_update=True)
    if delivery.petition.answered_on is not None:
        raise AnsweredAlready(delivery.petition.slug)
    told = {"answer": delivery.reply, "answered_on": delivery.replied_on, "answer_source": ""}
    petition_services.answer(delivery.petition, actor=actor, **told)


def add_paper(delivery: Delivery, content: bytes, *, kind: PaperKind, actor: str) -> DeliveryPaper:
    """Raises papers.PaperRefused."""
    paper = papers.add(delivery, content, kind=kind, by_clerk=False)
    _record("delivery.paper_added", delivery, actor, paper=paper.id, kind=str(kind))
    return paper


def open_paper(delivery: Delivery, paper: DeliveryPaper, *, actor: str) -> bytes:
    content = papers.content_of(paper)
    _record("delivery.paper_opened", delivery, actor, paper=paper.id)
    return content


TURNS = {"publish": papers.publish, "withhold": papers.withhold}


def turn_paper(delivery: Delivery, paper: DeliveryPaper, turn: str, *, actor: str) -> None:
    """`turn`: a key of TURNS."""
    TURNS[turn](paper)
    _record(f"delivery.paper_{turn}", delivery, actor, paper=paper.id)


def pass_on(delivery: Delivery, last: int, *, actor: str) -> None:
    """An organiser has told the recipient of the corrections up to this one."""
    corrections.mark_sent(delivery.id, last)
    _record("delivery.corrections_passed_on", delivery, actor, last=last)


def _record(act: str, delivery: Delivery, actor: str, **detail: Any) -> None:
    audit.record(act, f"{delivery.petition.slug}:{delivery.public_id}", actor=actor, **detail)
