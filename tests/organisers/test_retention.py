"""Retention in the office: the clocks with their days, the delivery that starts one, a hold and its end."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.db import db
from petitions.models import Petition
from petitions.states import PetitionState
from tests.organisers.conftest import Office
from tests.petitions.conftest import Campaign, make_campaign


@pytest.fixture
def campaign(office: Office) -> Campaign:
    return make_campaign(office.app)


def path(campaign: Campaign) -> str:
    return f"/office/petitions/{campaign.id}/retention"


def petition(campaign: Campaign) -> Petition:
    with campaign.app.app_context():
        return db.session.get_one(Petition, campaign.id)


def close(campaign: Campaign, zone: str = "UTC") -> None:
    with campaign.app.app_context():
        values = {"state": PetitionState.CLOSED, "closes_at": clock.now() - timedelta(days=40), "time_zone": zone}
        db.session.execute(update(Petition).values(values))
        db.session.commit()


def test_the_page_says_what_goes_when(office: Office, campaign: Campaign) -> None:
    assert f'href="{path(campaign)}"' in office.get(f"/office/petitions/{campaign.id}")
    page = office.get(path(campaign))
    assert "21 days after our mail" in page and "7 days after they confirmed" in page
    assert "90 days after the last delivery; none is noted yet" in page and "once the petition is closed" in page


def test_a_delivery_is_noted_after_closing_and_starts_the_clock(office: Office, campaign: Campaign) -> None:
    close(campaign, "Asia/Almaty")
    day = (clock.now() - timedelta(days=10)).date()
    assert office.saved(path(campaign), on=day.isoformat(), days="30") == path(campaign)
    noted = petition(campaign)
    assert noted.state == PetitionState.DELIVERED and noted.retention_days == 30
    assert (
        noted.delivered_at is not None and noted.delivered_at.isoformat() == f"{day - timedelta(days=1)}T19:00:00+00:00"
    )
    assert ("petition.delivered", campaign.slug) in office.acts()
    office.saved(path(campaign), on=(day + timedelta(days=1)).isoformat(), days="30")
    assert f'value="{day + timedelta(days=1)}"' in office.get(path(campaign))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"on": "", "days": "90"}, "Give the day"),
        ({"on": "6 May", "days": "90"}, "like 2010-05-06"),
        ({"on": "2999-01-01", "days": "90"}, "still to come"),
        ({"on": "2020-01-01", "days": "0"}, "from 1 to 365"),
        ({"on": "2020-01-01", "days": "366"}, "from 1 to 365"),
        ({"on": "2020-01-01", "days": "many"}, "plain digits"),
    ],
)
def test_a_delivery_that_cannot_be_is_told_why(
    office: Office, campaign: Campaign, fields: dict[str, str], sentence: str
) -> None:
    close(campaign)
    answer = office.post(path(campaign), **fields)
    assert answer.status_code == 422 and sentence in answer.text
    assert petition(campaign).delivered_at is None


def test_a_delivery_is_not_noted_while_people_sign(office: Office, campaign: Campaign) -> None:
    answer = office.post(path(campaign), on="2020-01-01", days="90")
    assert answer.status_code == 422 and petition(campaign).state == PetitionState.OPEN


def test_a_hold_and_its_end_need_a_reason_and_stand_in_the_audit_chain(office: Office, campaign: Campaign) -> None:
    base = f"/office/petitions/{campaign.id}"
    assert office.post(f"{base}/hold", reason="  ").status_code == 422
    office.saved(f"{base}/hold", reason="The court in Vienna, until May")
    assert petition(campaign).legal_hold == "The court in Vienna, until May"
    assert "The court in Vienna" in office.get(path(campaign))
    assert office.post(f"{base}/hold/lift", reason="").status_code == 422
    office.saved(f"{base}/hold/lift", reason="May is over")
    assert petition(campaign).legal_hold == ""
    assert [act for act, _ in office.acts()] == ["hold.set", "hold.lifted"]
    assert "The court in Vienna" in office.get("/office/audit")
