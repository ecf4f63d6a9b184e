"""Stolen cards in the office: told on the first page and among the signals, until an organiser has seen to them."""

from datetime import timedelta

from core import clock, remembered
from core.db import db
from core.switches import switches
from donations.guards.models import DeclineWave, FraudWarning
from tests.donations.conftest import World
from tests.donations.events import completed, send
from tests.organisers.conftest import Office
from tests.organisers.test_switches import turn


def test_a_wave_of_declined_cards_is_told_until_it_is_settled(office: Office) -> None:
    assert "Stolen cards" not in office.get("/office/") + office.get("/office/signals")
    with office.app.app_context():
        at = clock.now() - timedelta(minutes=5)
        db.session.add(DeclineWave(id=7, began_at=at, last_at=at, declined=41, paid=3))
        db.session.commit()
    assert "Many cards are declined" in office.get("/office/")
    assert "At the worst 41 were declined within half an hour, and 3 payments came." in office.get("/office/signals")
    assert office.saved("/office/declines/7/settle") == "/office/signals"
    assert "declined" not in office.get("/office/") + office.get("/office/signals")
    assert office.post("/office/declines/7/settle").status_code == 404
    assert office.acts() == [("decline_wave.settled", "7")]


def test_a_warning_names_its_gift_until_it_is_settled(office: Office) -> None:
    world = World(office.app)
    gift = world.gift(12345)
    send(office.app.test_client(), completed(gift))
    with office.app.app_context():
        for number, intent in enumerate((f"pi_{gift.public_id}", "pi_nobodys")):
            db.session.add(FraudWarning(id=f"issfr_{number}", payment_intent=intent, kind="made_with_stolen_card"))
        db.session.commit()
    assert "Banks report 2 payments as fraud" in office.get("/office/")
    page = office.get("/office/signals")
    assert f"Gift {gift.public_id}, €123.45." in page and "No gift of this site is known for it." in page
    assert office.saved("/office/fraud/issfr_0/settle") == "/office/signals"
    page = office.get("/office/signals")
    assert gift.public_id not in page and "pi_nobodys" in page
    assert office.post("/office/fraud/issfr_9/settle").status_code == 404
    assert office.acts() == [("fraud_warning.settled", "issfr_0")]


def test_the_proof_before_giving_is_switched_in_the_office(office: Office) -> None:
    turn(office, giving_proof="on")
    remembered.forget_all()
    with office.app.app_context():
        assert switches().giving_proof == "on"
