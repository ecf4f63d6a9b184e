"""People are shown by their first letters until somebody asks for them, and asking is noted."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import update

from core import clock
from core.audit import AuditEntry
from core.db import db
from petitions.models import Submission
from petitions.states import HeldReason, SubmissionState
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import Campaign, make_campaign


@pytest.fixture
def held(office: Office) -> Campaign:
    """One whose signature is held."""
    campaign = make_campaign(office.app)
    campaign.sign("ada@example.org", name="Ada Example")
    with office.app.app_context():
        waits = {"state": SubmissionState.HELD, "held_reason": HeldReason.VELOCITY, "held_at": clock.now()}
        db.session.execute(update(Submission).values(waits))
        db.session.commit()
    return campaign


def page_of(office: Office, campaign: Campaign) -> str:
    return office.get(f"/office/petitions/{campaign.id}/held")


def test_names_are_masked_until_asked_for_in_this_browser_this_room_and_for_ten_minutes(
    office: Office, held: Campaign
) -> None:
    masked = page_of(office, held)
    assert "A… E…" in masked and "Ada" not in masked and "a…@example.org" in masked
    office.ask_for_names(held.id, "paper")
    assert "Ada" not in page_of(office, held), "another room"
    office.ask_for_names(held.id, "held")
    shown = page_of(office, held)
    assert "Ada Example" in shown and "ada@" not in shown and "first letters" not in shown
    assert "Ada" not in page_of(enter(office.app), held), "another browser"
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert "Ada" not in page_of(office, held)


def test_asking_is_noted_without_the_names_and_leads_back(office: Office, held: Campaign) -> None:
    path = f"/office/petitions/{held.id}/names/held"
    assert office.saved(path, next=f"/office/petitions/{held.id}/held?reason=velocity").endswith("held?reason=velocity")
    assert office.saved(path, next="https://evil.example/") == "/office/"
    with office.app.app_context():
        noted = db.session.query(AuditEntry).filter_by(act="names.shown").order_by(AuditEntry.id).all()
        assert [(one.subject, one.actor, one.detail) for one in noted] == [
            (held.slug, "olga@example.org", {"room": "held"})
        ] * 2


def test_a_room_that_is_none_and_a_petition_that_is_none_are_404(office: Office, held: Campaign) -> None:
    assert office.post(f"/office/petitions/{held.id}/names/gifts").status_code == 404
    assert office.post("/office/petitions/999/names/held").status_code == 404
    assert "Ada" not in page_of(office, held)


def test_who_is_not_logged_in_is_shown_nothing(app: Flask, held: Campaign) -> None:
    answer = app.test_client().post(f"/office/petitions/{held.id}/names/held")
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/office/login")
