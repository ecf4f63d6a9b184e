"""Samples on the stage: a long list, one sample that had its time, one that is under way, and one that waits."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from core import clock
from core.db import db
from deliveries.models import Delivery
from deliveries.sampling import services
from deliveries.sampling.models import Sample
from tests.deliveries.sampled import Sampled, make_sampled


def samples(app: Flask) -> dict[str, str]:
    """What the paths of its pages are filled with."""
    sampled = make_sampled(app)
    _asked(sampled, "4 8 15 16 23 42")
    for number, link in enumerate(sampled.links().values()):
        sampled.answer(link, "no" if number % 9 == 0 else "yes")
    sampled.campaign.work()
    with app.app_context():
        db.session.execute(update(Sample).values(closes_at=clock.now() - timedelta(days=1)))
        db.session.commit()
    sampled.campaign.work()
    earlier = set(sampled.links().values())
    _asked(sampled, "9" * 200)
    fresh = [mail for mail in sampled.all_links() if mail not in earlier]
    waiting = make_sampled(app)
    waiting.ask(seed="1 2 3", size=20)
    return {"sample": sampled.page, "sample_asked": fresh[0], "sample_other": fresh[1], "samples": waiting.desk}


def _asked(sampled: Sampled, seed: str) -> None:
    """Approved past the office: on the stage its organiser may have a factor to give first."""
    sampled.ask(seed=seed, size=50)
    with sampled.app.app_context():
        delivery = db.session.get_one(Delivery, sampled.delivery_id)
        services.approve(delivery, services.list_of(delivery)[0], actor="olga@example.org")
        db.session.commit()
    sampled.campaign.work()
