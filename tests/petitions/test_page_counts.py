"""How often a petition's page was seen and its form sent: through the door, on both databases, nobody tracked."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from core import clock
from core.db import db
from petitions.counting import page_counts, tallies
from petitions.counting.models import PageCount
from tests.conftest import BASE, app_for_this_test
from tests.petitions.conftest import Campaign, make_campaign

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def look(campaign: Campaign, query: str = "", **headers: str) -> None:
    answer = campaign.client.get(f"/petitions/{campaign.slug}{query}", headers={**FIREFOX, **headers})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def counted(campaign: Campaign) -> page_counts.Counted:
    campaign.app.extensions["page_counter"].flush()
    with campaign.app.app_context():
        return page_counts.of(campaign.id)


def test_every_delivery_counts_once_from_the_cache_too(app: Flask) -> None:
    campaign = make_campaign(app, sources=["poster"])
    for _ in range(5):  # the first fills the cache
        look(campaign)
    for query in ("?source=poster", "?source=poster", "?source=shared", "?source=unheard-of", "?fbclid=x"):
        look(campaign, query)
    found = counted(campaign)
    assert found.seen == {"other": 7, "poster": 2, "shared": 1}
    assert found.since == clock.now().date()


def test_who_asks_again_whether_it_changed_has_looked_again(app: Flask) -> None:
    campaign = make_campaign(app)
    etag = campaign.client.get(f"/petitions/{campaign.slug}", headers=FIREFOX).headers["ETag"]
    answer = campaign.client.get(f"/petitions/{campaign.slug}", headers={**FIREFOX, "If-None-Match": etag})
    assert answer.status_code == 304
    assert counted(campaign).seen == {"other": 2}


def test_programs_other_pages_and_errors_do_not_count(app: Flask) -> None:
    campaign = make_campaign(app)
    look(campaign, **{"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)"})
    for path in (
        f"/petitions/{campaign.slug}.json",
        f"/petitions/{campaign.slug}/signatories",
        "/petitions/",
        "/petitions/x",
    ):
        campaign.client.get(path, headers=FIREFOX)
    campaign.client.head(f"/petitions/{campaign.slug}", headers=FIREFOX)
    assert counted(campaign).since is None


def test_forms_that_were_taken_count_and_no_others(app: Flask) -> None:
    campaign = make_campaign(app, sources=["poster"])
    for source in ("poster", "shared", "shared", ""):
        assert campaign.sign(f"{source or 'none'}@example.org", source=source).status_code == 303
    assert campaign.sign("nobody").status_code == 422
    assert campaign.sign("robot@example.org", website="https://example.org").status_code == 303  # the trap
    assert counted(campaign).signed == {"other": 1, "poster": 1, "shared": 2}


def test_a_signature_by_a_passed_on_link_keeps_the_code(app: Flask) -> None:
    campaign = make_campaign(app)
    page = campaign.client.get(f"/petitions/{campaign.slug}?source=shared").text
    assert 'name="source" type="hidden" value="shared"' in page
    campaign.signed(source="shared")
    campaign.work()
    with app.app_context():
        assert tallies.numbers(campaign.id).by_source == {"shared": 1}


def test_the_page_after_signing_passes_on_a_link_with_the_code(app: Flask) -> None:
    campaign = make_campaign(app)
    page = campaign.client.get(campaign.sign().headers["Location"]).text
    address = f"{BASE['SERVER_URL']}/petitions/{campaign.slug}?source=shared"
    assert f'value="{address}"' in page
    assert campaign.client.get(f"/petitions/{campaign.slug}?source=shared").status_code == 200


def test_several_processes_and_days_add_up(app: Flask) -> None:
    campaign = make_campaign(app)
    settings = app.config["UNDERSIGNED"]
    given = {**BASE, "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url}
    look(campaign)
    counted(campaign)
    with app.app_context():
        db.session.execute(update(PageCount).values(day=clock.now().date() - timedelta(days=3)))
        db.session.commit()
    for process in (app, app_for_this_test(given), app_for_this_test({**given, "PAGE_CACHE": "off"})):
        look(Campaign(process, campaign.id, campaign.slug))
        process.extensions["page_counter"].flush()
    found = counted(campaign)
    assert found.seen == {"other": 4}
    assert found.since == clock.now().date() - timedelta(days=3)


def test_nothing_is_written_while_somebody_waits(app: Flask) -> None:
    campaign = make_campaign(app)
    for _ in range(3):
        look(campaign)
    with app.app_context():
        assert db.session.scalars(select(PageCount)).all() == []
    assert counted(campaign).seen == {"other": 3}
