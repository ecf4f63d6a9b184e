"""A milestone fires once, and is taken back when the number falls below it."""

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.db import db
from core.jobs import Job
from petitions.counting import milestones, tallies
from petitions.counting.models import Tally
from tests.organisers.conftest import enter
from tests.petitions.conftest import Campaign
from tests.petitions.crowd import crowd, fold_at_once, take_away


def standing(campaign: Campaign) -> dict[int, bool]:
    with campaign.app.app_context():
        return {milestone.signatures: milestone.taken_back_at is None for milestone in milestones.of(campaign.id)}


def told(campaign: Campaign, number: str) -> int:
    campaign.work()
    return sum(f"reached {number} confirmed signatures" in mail.text for mail in campaign.mails("olga@example.org"))


def test_the_hundredth_signature_fires_once_and_each_organiser_gets_one_mail(campaign: Campaign) -> None:
    enter(campaign.app)
    enter(campaign.app, "omar@example.org")
    crowd(campaign, 99)
    assert standing(campaign) == {}
    crowd(campaign, 1)
    crowd(campaign, 30)
    assert standing(campaign) == {100: True}
    campaign.work()
    assert sorted(mail.to for mail in campaign.mails()) == ["olga@example.org", "omar@example.org"]
    assert "A petition has reached 100 signatures" in {mail.subject for mail in campaign.mails()}


def test_falling_below_takes_it_back_and_rising_again_restores_it_without_a_second_mail(campaign: Campaign) -> None:
    enter(campaign.app)
    crowd(campaign, 105)
    with campaign.app.app_context():
        first = milestones.of(campaign.id)[0].reached_at
    take_away(campaign, 5)
    assert standing(campaign) == {100: True}
    take_away(campaign, 1)
    assert standing(campaign) == {100: False}
    crowd(campaign, 1)
    assert standing(campaign) == {100: True} and told(campaign, "100") == 1
    with campaign.app.app_context():
        assert milestones.of(campaign.id)[0].reached_at == first


def test_several_rungs_at_once_all_stand_and_the_highest_is_told(campaign: Campaign) -> None:
    enter(campaign.app)
    crowd(campaign, 1200)
    assert standing(campaign) == {100: True, 500: True, 1000: True}
    assert [told(campaign, number) for number in ("100", "500", "1,000")] == [0, 0, 1]
    take_away(campaign, 800)
    assert standing(campaign) == {100: True, 500: False, 1000: False}


def test_a_withdrawal_takes_it_back_too(campaign: Campaign) -> None:
    crowd(campaign, 99)
    campaign.signed("ada@example.org")
    assert standing(campaign) == {100: True}
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    campaign.work()
    assert standing(campaign) == {100: False}


def test_a_recount_that_repairs_the_number_lets_the_milestones_follow(campaign: Campaign) -> None:
    crowd(campaign, 100)
    with campaign.app.app_context():
        db.session.execute(update(Tally).values(signatures=Tally.signatures + 450))
        db.session.commit()
    crowd(campaign, 1)
    assert standing(campaign) == {100: True, 500: True}
    with campaign.app.app_context():
        assert tallies.recount() == {campaign.id: -450}
    assert standing(campaign) == {100: True, 500: False}


def test_workers_folding_at_once_fire_it_once(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "FOLDED_AT_ONCE", 5)
    with campaign.app.app_context():
        for _ in range(120):
            tallies.change(campaign.id, 1, country="IE", source="other", hour=clock.to_hour(clock.now()))
        db.session.commit()

    fold_at_once(campaign)
    with campaign.app.app_context():
        assert tallies.total(campaign.id) == 120
        assert db.session.scalar(select(func.count()).where(Job.kind == "milestone")) == 1
