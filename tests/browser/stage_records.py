"""A delivery on the stage: handed over, fetched by a clerk, answered, with people who have left since."""

import io
from typing import Any

from flask import Flask

from core import clock
from core.db import db
from deliveries.models import Correction
from tests.deliveries.clerking import pack_for
from tests.organisers.conftest import Office
from tests.petitions.conftest import make_campaign


def records(app: Flask, office: Office) -> dict[str, str]:
    """What the paths of its pages are filled with."""
    campaign = make_campaign(app, slug="recorded-petition", title="Release the editors of the evening paper")
    desk = pack_for(app, campaign, office, lines=12_345)
    link, code = desk.send("registry-of-the-ministry@a-domain-that-does-not-wrap-anywhere.example")
    desk.send("second@ministry.example")
    day = clock.now().date().isoformat()
    noted = {"handed_how": "in_person", "handed_by": "A delegation", "file_number": "III-7/2026", "answer_due": day}
    office.saved(desk.record, handed_on=day, **noted)
    office.saved(f"{desk.record}/reply", reply="We have *noted* it.", replied_on=day)
    paper: dict[str, Any] = {"kind": "receipt", "file": (io.BytesIO(b"Received."), "scan.txt")}
    office.saved(f"{desk.record}/papers", **paper)
    with app.app_context():
        number = desk.found().id
        rows = (Correction(delivery_id=number, number=line, reason="withdrawn") for line in range(1, 400, 3))
        db.session.add_all(rows)
        db.session.commit()
    return {"record": desk.record, "clerk": link, "clerk_code": code, "recorded": campaign.slug}
