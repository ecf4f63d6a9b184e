"""The number on the page is the number of valid signatures, always."""

from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import func, select, update

from core.db import db
from core.jobs import Job
from petitions import tallies
from petitions.tally_models import Tally, TallyChange
from tests.petitions.conftest import Campaign


def test_margins_follow_the_signatures(campaign: Campaign) -> None:
    campaign.signed("a@example.org", country="IE")
    campaign.signed("b@example.org", country="FR")
    campaign.signed("c@example.org", country="FR")
    campaign.press(campaign.mails("c@example.org")[-1].links["withdraw"])
    campaign.work()
    with campaign.app.app_context():
        numbers = tallies.numbers(campaign.id)
        assert db.session.scalar(select(func.count()).select_from(TallyChange)) == 0
    assert numbers.total == 2 and numbers.by_country == {"FR": 1, "IE": 1} and numbers.by_source == {"other": 2}
    assert sum(numbers.by_hour.values()) == 2


def test_folding_at_once_loses_and_doubles_nothing(campaign: Campaign) -> None:
    campaign.signed("a@example.org")
    with campaign.app.app_context():
        hour = db.session.scalar(select(func.max(Tally.value)).where(Tally.dimension == "hour"))
        assert hour
        from core import clock

        for _ in range(300):
            tallies.change(campaign.id, 1, country="IE", source="other", hour=clock.to_hour(clock.now()))
        db.session.commit()

    def fold(_: int) -> None:
        with campaign.app.app_context():
            while tallies.fold():
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fold, range(8)))
    with campaign.app.app_context():
        assert tallies.total(campaign.id) == 301


def test_a_recount_finds_repairs_and_reports_drift(campaign: Campaign) -> None:
    campaign.signed("a@example.org")
    runner = campaign.app.test_cli_runner()
    assert runner.invoke(args=["tallies", "recount"]).exit_code == 0
    with campaign.app.app_context():
        db.session.execute(update(Tally).values(signatures=41))
        db.session.commit()
        assert tallies.drift() == {campaign.id: -40}
    result = runner.invoke(args=["tallies", "recount", "--json"])
    assert result.exit_code == 1 and '"drift"' in result.output
    with campaign.app.app_context():
        assert tallies.total(campaign.id) == 1 and tallies.drift() == {}
        assert db.session.scalar(select(Job.kind).where(Job.kind == "alarm")) == "alarm"


def test_a_recount_does_not_mistake_waiting_changes_for_drift(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    campaign.press(campaign.mails()[0].links["confirm"])
    with campaign.app.app_context():
        assert tallies.total(campaign.id) == 0 and tallies.recount() == {}
    assert campaign.count() == 1


def test_totals_of_unknown_petitions_are_nothing(app: Flask) -> None:
    with app.app_context():
        assert tallies.total(12345) == 0 and tallies.totals([]) == {}
