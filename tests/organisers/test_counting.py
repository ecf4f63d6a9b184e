"""The office's page on how a number is made up: ways of signing, milestones, the public's view, the recount."""

from sqlalchemy import select, update

from core.audit import AuditEntry
from core.db import db
from petitions.counting import margins, recounts
from petitions.counting.models import Tally
from petitions.states import Method
from tests.organisers.conftest import EMAIL, Office
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.crowd import crowd, take_away


def page(office: Office, campaign: Campaign) -> str:
    return " ".join(office.get(f"/office/petitions/{campaign.id}/counting").split())


def test_an_empty_petition_says_what_will_stand_here(office: Office) -> None:
    campaign = make_campaign(office.app)
    text = page(office, campaign)
    assert "0 signatures are counted now." in text and "None yet. The first is at 100 signatures" in text
    assert "There has been none yet. The worker does it every night." in text and "Nothing yet." in text
    assert f"/office/petitions/{campaign.id}/counting" in office.get(f"/office/petitions/{campaign.id}")


def test_ways_milestones_and_the_public_s_numbers_stand_on_the_page(office: Office) -> None:
    campaign = make_campaign(office.app)
    crowd(campaign, 60, "IE")
    crowd(campaign, 45, "FR", method=Method.PAPER)
    with office.app.app_context():
        margins.take_all()
    text = page(office, campaign)
    assert '<th scope="row">On this site, confirmed by mail</th><td class="num">60</td>' in text
    assert '<th scope="row">On paper</th><td class="num">45</td>' in text
    assert '<th scope="row">France</th><td class="num">40</td>' in text
    assert '<th scope="row">100</th>' in text and ">Stands<" in text
    take_away(campaign, 6)
    assert "Taken back on" in page(office, campaign)


def test_the_last_recount_is_told_with_what_it_found(office: Office) -> None:
    campaign, other = make_campaign(office.app), make_campaign(office.app)
    crowd(campaign, 3)
    with office.app.app_context():
        recounts.nightly()
    assert "by the nightly recount. The number of every petition was right." in page(office, campaign)
    with office.app.app_context():
        db.session.execute(update(Tally).where(Tally.dimension.in_(("total", "country"))).values(signatures=5))
        db.session.commit()
    assert office.saved(f"/office/petitions/{campaign.id}/counting/recount").endswith("/counting")
    text = page(office, campaign)
    assert "being counted again at this moment" in text and "Recount now" not in text
    assert "Every number is compared with the signatures" in office.get("/office/")
    campaign.work()
    text = page(office, campaign)
    assert "being counted again" not in text and "Recount now" in text
    assert "Every number is compared" not in office.get("/office/")
    assert "by olga@example.org. The number of this petition had been off by -2 and was repaired." in text
    assert "1 smaller number, by country, hour, source or way of signing, was repaired too." in text
    assert "that of another one was repaired" in page(office, other)
    assert (recounts.ACT, "tallies") in office.acts()


def test_a_recount_without_a_finding_says_so(office: Office) -> None:
    campaign = make_campaign(office.app)
    for _ in range(2):  # pressed twice: one recount
        office.saved(f"/office/petitions/{campaign.id}/counting/recount")
    campaign.work()
    assert "by olga@example.org. The number of every petition was right." in page(office, campaign)
    with office.app.app_context():
        asked = select(AuditEntry).where(AuditEntry.act == recounts.ACT, AuditEntry.actor == EMAIL)
        assert len(db.session.scalars(asked).all()) == 1
    office.saved(f"/office/petitions/{campaign.id}/counting/recount")
    assert "being counted again at this moment" in page(office, campaign)
