"""What the public may know of a petition's deliveries: when and to whom they were handed over, and the papers about them."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import load_only

from core.db import db
from deliveries.clerk.models import DeliveryPaper
from deliveries.clerk.papers import may_be_public
from deliveries.models import Delivery
from deliveries.recipients import addressee
from deliveries.states import PUBLISHED
from petitions.models import Petition


class HandedOver(NamedTuple):
    delivery: Delivery
    to: str
    papers: list[DeliveryPaper]


def handed_over(petition: Petition) -> list[HandedOver]:
    """Those that organisers have noted, the newest first; of a dangerous case none: its page says no more than the day."""
    if petition.case.dangerous or petition.case.frozen_at:
        return []
    noted = (Delivery.petition_id == petition.id, Delivery.handed_on.is_not(None), Delivery.state.in_(PUBLISHED))
    found = db.session.scalars(
        select(Delivery).where(*noted).order_by(Delivery.handed_on.desc(), Delivery.id.desc())
    ).all()
    papers = _papers([delivery.id for delivery in found if may_be_public(delivery)])
    return [HandedOver(one, addressee(one), papers.get(one.id, [])) for one in found]


def _papers(delivery_ids: list[int]) -> dict[int, list[DeliveryPaper]]:
    if not delivery_ids:
        return {}
    shown = (DeliveryPaper.delivery_id.in_(delivery_ids), DeliveryPaper.published_at.is_not(None))
    columns = load_only(
        DeliveryPaper.public_id, DeliveryPaper.delivery_id, DeliveryPaper.kind, DeliveryPaper.media_type
    )
    found: dict[int, list[DeliveryPaper]] = {}
    for paper in db.session.scalars(select(DeliveryPaper).where(*shown).options(columns).order_by(DeliveryPaper.id)):
        found.setdefault(paper.delivery_id, []).append(paper)
    return found
