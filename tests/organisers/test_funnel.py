"""A petition's numbers in the office: the funnel, small cells, the chart by the hour, the day and the week."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from core import clock
from core.db import db
from donations.models import Donation
from organisers.dashboard import series
from petitions.models import Petition
from tests.donations.conftest import World
from tests.organisers.conftest import Office
from tests.organisers.test_gifts import paid
from tests.organisers.test_gifts import world as world
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.crowd import crowd
from tests.petitions.test_page_counts import look

ROW = re.compile(r'<th scope="row">(?P<name>[^<]+?) ?<(?:svg|span).*?</th> ?<td[^>]*>(?P<number>[^<]+)</td>')


def petition(campaign: Campaign) -> Petition:
    return db.session.get_one(Petition, campaign.id)


def title(campaign: Campaign) -> str:
    with campaign.app.app_context():
        return petition(campaign).title


def code(campaign: Campaign) -> str:
    return f"petition-{campaign.id}"


def page(office: Office, campaign: Campaign, query: str = "") -> str:
    campaign.app.extensions["page_counter"].flush()
    return " ".join(office.get(f"/office/petitions/{campaign.id}{query}").split())


def part(text: str, name: str) -> str:
    """The section with this heading."""
    return text.split(f'aria-labelledby="{name}"')[1].split("</section>")[0]


def steps(text: str) -> dict[str, str]:
    return {found["name"]: found["number"] for found in ROW.finditer(part(text, "funnel"))}


def test_before_the_first_visit_the_page_says_what_will_stand_here(office: Office) -> None:
    campaign = make_campaign(office.app)
    text = page(office, campaign)
    assert "Nobody has looked at the petition yet. Share its link" in text
    assert "You have no source codes. Give each place" in text


def test_each_step_has_its_number_and_says_what_it_means(office: Office, world: World) -> None:
    campaign = make_campaign(office.app, sources=["poster"])
    for query in ("", "", "?source=poster", "?source=shared"):
        look(campaign, query)
    campaign.signed("ada@example.org", source="shared")
    campaign.signed("ben@example.org", source="poster")
    campaign.sign("waiting@example.org")
    text = page(office, campaign)
    assert steps(text) == {"Seen": "4", "Signed": "3", "Confirmed": "2", "Shared": "under 20", "Gave": "0"}
    assert f"have been counted since {clock.day(clock.now().date())}" in text
    ways = part(text, "by-source")
    for name, seen, signed in (("Without a code", 2, 1), ("poster", 1, 1), ("A link that somebody passed on", 1, 1)):
        assert f'<th scope="row">{name}</th><td data-label="Seen" class="num">{seen}</td>' in ways, name
        assert f'<td data-label="Signed" class="num">{signed}</td>' in ways
    assert ways.count("under 20") == 3


def test_how_many_were_shared_is_told_as_little_as_every_other_small_cell(office: Office) -> None:
    campaign = make_campaign(office.app)
    look(campaign)
    crowd(campaign, 100)
    crowd(campaign, 19, source="shared")
    text = part(page(office, campaign), "funnel")
    assert '<td class="num">under 20</td>' in text and ">19<" not in text and text.count("<rect") == 2, "nor by a bar"
    crowd(campaign, 8, source="shared")
    assert steps(page(office, campaign))["Shared"] == "20"


def test_who_gave_is_counted_where_the_petition_s_own_page_led_there(office: Office, world: World) -> None:
    campaign = make_campaign(office.app)
    look(campaign)
    gifts = [paid(office) for _ in range(3)] + [world.gift()]
    codes = (code(campaign), f"petition-{campaign.id}1", None, code(campaign))  # the last was never paid
    with office.app.app_context():
        for gift, source in zip(gifts, codes, strict=True):
            db.session.execute(update(Donation).where(Donation.public_id == gift.public_id).values(source=source))
        db.session.commit()
    assert steps(page(office, campaign))["Gave"] == "1"
    assert f"Pages of “{title(campaign)}”" in office.get("/office/")


def test_small_numbers_of_countries_and_sources_are_not_told(office: Office) -> None:
    campaign = make_campaign(office.app, sources=["poster"])
    crowd(campaign, 47, "IE")
    crowd(campaign, 19, "FR")
    crowd(campaign, 1, "KZ")
    look(campaign)
    text = page(office, campaign)
    countries = part(text, "by-country")
    assert '<th scope="row">Ireland</th><td class="num">40</td>' in countries
    assert "And 2 smaller countries." in countries
    for word in ("France", "Kazakhstan", "47", "19"):
        assert word not in countries, word


def test_the_chart_by_the_hour_the_day_and_the_week(office: Office) -> None:
    campaign = make_campaign(office.app, time_zone="Asia/Kolkata")
    hour = clock.to_hour(clock.now())
    crowd(campaign, 3, "IE", at=hour - timedelta(hours=2))
    crowd(campaign, 2, "IE", at=hour - timedelta(days=40))
    by_hour = page(office, campaign, "?chart=hour")
    words = clock.hour(hour - timedelta(hours=2), "Asia/Kolkata")
    assert f'<th scope="row">{words}</th><td class="num">3</td>' in by_hour
    assert "Time zone: Asia/Kolkata." in by_hour and by_hour.count('rx="1"') == 1
    local = clock.day((hour - timedelta(days=40)).astimezone(series.ZoneInfo("Asia/Kolkata")).date())
    for chart, shown in (("day", False), ("quarter", True), ("all", True), ("nonsense", False)):
        text = page(office, campaign, f"?chart={chart}")
        assert (f'<th scope="row">{local}</th><td class="num">2</td>' in text) is shown, chart
        assert "style=" not in text and "<script" not in text


def points(span: str, hours: dict[str, int], zone: str, now: datetime) -> dict[str, int]:
    return {words: number for words, number in series.points(span, hours, zone, now) if number}


def test_a_day_on_which_clocks_change_has_all_its_hours(app: Flask) -> None:
    long_day = {f"2026-10-{24 + (22 + n) // 24}T{(22 + n) % 24:02}": 1 for n in range(25)}  # UTC; 25 October, Berlin
    short_day = {f"2026-03-{28 + (23 + n) // 24}T{(23 + n) % 24:02}": 1 for n in range(23)}
    with app.test_request_context():
        now = datetime(2026, 10, 27, 12, tzinfo=UTC)
        assert points("day", long_day, "Europe/Berlin", now) == {"25 October 2026": 25}
        now = datetime(2026, 3, 30, 12, tzinfo=UTC)
        assert points("day", short_day, "Europe/Berlin", now) == {"29 March 2026": 23}
        days = series.points("quarter", {}, "Europe/Berlin", datetime(2026, 4, 2, 22, 30, tzinfo=UTC))
        assert len(days) == 90 and days[-1].words == "3 April 2026"  # half past midnight there


def test_an_hour_that_clocks_show_twice_stands_twice(app: Flask) -> None:
    with app.test_request_context():
        now = datetime(2026, 10, 25, 6, 20, tzinfo=UTC)
        found = points("hour", {"2026-10-25T00": 4, "2026-10-25T01": 7}, "Europe/Berlin", now)
        assert found == {"25 October, 02:00": 4, "25 October, 02:00, once more": 7}
        assert len(series.points("hour", {}, "Europe/Berlin", now)) == 48


@pytest.mark.parametrize(("days", "words"), [(119, "1 May 2026"), (120, "Week of 27 April 2026")])
def test_from_the_first_is_by_the_week_where_days_are_many(app: Flask, days: int, words: str) -> None:
    first = datetime(2026, 5, 1, 10, tzinfo=UTC)  # a Friday
    with app.test_request_context():
        found = series.points("all", {"2026-05-01T10": 5}, "UTC", first + timedelta(days=days))
    assert found[0] == (words, 5)
    assert len(found) == (120 if days == 119 else 18)


def test_a_petition_s_page_leads_to_giving_with_its_own_code(app: Flask, client: FlaskClient) -> None:
    campaign = make_campaign(app)
    with app.app_context():
        address = f"/donate/{petition(campaign).case.slug}?source={code(campaign)}"
    for path in (
        f"/petitions/{campaign.slug}",
        f"/petitions/{campaign.slug}/confirmed",
        campaign.sign().headers["Location"],
    ):
        assert f'href="{address}"' in client.get(path).text, path
    assert f'name="source" type="hidden" value="{code(campaign)}"' in client.get(address).text
