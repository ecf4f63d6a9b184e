"""Deliveries on the stage: one waits for a yes, one is being made, one can be fetched, one failed."""

from flask import Flask
from sqlalchemy import delete, update

from core.db import db
from core.jobs import Job
from deliveries import asking
from deliveries.models import Delivery
from deliveries.states import DeliveryState
from organisers import services as organiser_services
from tests.organisers.conftest import Office
from tests.organisers.delivery_desk import Desk
from tests.petitions.conftest import make_campaign

LONG_NAME = "Bartholomäus-Maximilian von Hohenzollern-Sigmaringen-Wolfenbüttel"
LONG = "For the file of the Committee on Petitions of the Assembly for the Northern Districts, and for nobody else."


def deliveries(app: Flask, office: Office) -> dict[str, str]:
    """The paths of their pages by the names that other pages' paths know them by."""
    campaign = make_campaign(app, slug="handed-petition", title="Release the nurses of the harbour clinic")
    for country, name in (("IE", "Ada Example"), ("KZ", "Айгерим Пример"), ("DE", LONG_NAME)):
        campaign.signed(
            f"{country.lower()}@example.org",
            name=name,
            country=country,
            role="Professor of Law",
            affiliation="A University",
        )
    desk = Desk(office, campaign)
    waits, moves, failed = (desk.ask(purpose=LONG, countries=["IE", "KZ"], delete_by="2090-01-01") for _ in range(3))
    ready, _row = desk.made(lines=1_401, counted=66, purpose=LONG, cover_code_digest=bytes(32))
    assert office.post(f"{ready}/fetch").status_code == 200
    with office.app.app_context():
        db.session.execute(delete(Job).where(Job.kind == asking.MAKE))  # they stand as they are
        db.session.commit()
    _set(office.app, waits, state=DeliveryState.WAITING, created_by=_colleague(office.app))
    _set(office.app, moves, state=DeliveryState.MAKING, stage="lines", done=413, total=1_401)
    _set(office.app, failed, state=DeliveryState.FAILED, reason="glyph U+1E900")
    return {
        "handed": str(campaign.id),
        "delivery_waits": waits,
        "delivery_moves": moves,
        "delivery_ready": ready,
        "delivery_failed": failed,
    }


def _set(app: Flask, path: str, **values: object) -> None:
    with app.app_context():
        found = Delivery.id == int(path.rpartition("/")[2])
        db.session.execute(update(Delivery).where(found).values(**values))
        db.session.commit()


def _colleague(app: Flask) -> int:
    with app.app_context():
        somebody = organiser_services.ensure_organiser(
            "a.colleague.with.a.long.address@a-domain-that-does-not-wrap.example"
        )
        db.session.commit()
        return somebody.id
