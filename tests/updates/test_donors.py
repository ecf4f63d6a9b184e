"""Updates to donors: to those who asked for news with a gift to the case's fund that was paid, and to nobody else."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from cases.models import Case
from core import clock
from core.db import db
from donations.checkout_services import open_donor
from donations.models import Donation
from donations.own_page import leaving
from donations.own_page.models import Donor
from tests.donations.conftest import Gift, World
from tests.donations.conftest import world as world
from tests.donations.papers import paid, sealed
from tests.factories import make_case, make_petition
from tests.petitions.conftest import Campaign
from tests.updates.conftest import News, part
from tests.updates.test_sending import held, open_again


@dataclass
class Fund:
    """A case with a petition, and gifts to it."""

    world: World
    client: FlaskClient
    news: News

    def gift(self, address: str, *, updates: bool = True, pays: bool = True) -> None:
        gift: Gift = self.world.gift()
        with self.world.app.app_context():
            donation = db.session.scalars(select(Donation).where(Donation.public_id == gift.public_id)).one()
            case_id = db.session.scalars(select(Case.id).where(Case.slug == "the-case")).one()
            donation.case_id = case_id
            db.session.commit()
        sealed(self.world, gift, email=address, updates=updates)  # type: ignore[arg-type]
        if pays:
            paid(self.client, gift, clock.now())
        self.world.work()


@pytest.fixture
def fund(world: World, app: Flask, client: FlaskClient) -> Fund:
    with app.app_context():
        petition = make_petition(make_case(slug="the-case"))
        news = News(Campaign(app, petition.id, petition.slug))
    return Fund(world, client, news)


def test_donors_who_asked_for_news_get_it(fund: Fund) -> None:
    fund.news.signed("ada@example.org")
    fund.gift("dana@example.org")
    fund.gift("eli@example.org", updates=False)
    fund.gift("finn@example.org", pays=False)
    sent = fund.news.send(audience="donors")
    assert fund.news.reached() == ["dana@example.org"] and fund.news.progress(sent).sent == 1
    plain = part(fund.news.letters()[0], "plain")
    assert "because you asked for news when you gave" in plain
    assert re.search(r"/donations/manage/[\w-]{43}", plain) and "/signatures/" not in plain
    assert "/unsubscribe/updates/" in fund.news.letters()[0]["List-Unsubscribe"]


def test_who_signed_and_gave_gets_it_once(fund: Fund) -> None:
    fund.news.signed("ada@example.org", "bob@example.org")
    fund.gift("ada@example.org")
    fund.gift("ada@example.org")
    fund.gift("dana@example.org")
    sent = fund.news.send(audience="everybody")
    assert fund.news.reached() == ["ada@example.org", "bob@example.org", "dana@example.org"]
    assert fund.news.progress(sent).skipped == {"twice": 1} and fund.news.state(sent) == "sent"


def test_a_donor_who_was_erased_while_it_waited_gets_none(fund: Fund) -> None:
    fund.gift("dana@example.org")
    held(fund.news)
    sent = fund.news.send(audience="donors")
    assert fund.news.progress(sent).waiting == 1
    with fund.world.app.app_context():
        leaving.erase(db.session.scalars(select(Donor)).one())
        db.session.commit()
    open_again(fund.news)
    assert fund.news.reached() == [] and fund.news.progress(sent).lost == {"unwanted": 1}


@pytest.mark.parametrize(("ticked", "asks"), [({"updates": "y"}, True), ({}, False)])
def test_the_box_on_the_giving_page_is_kept_sealed(
    app: Flask, client: FlaskClient, ticked: dict[str, str], asks: bool, token: Callable[[], str]
) -> None:
    with app.app_context():
        make_case(slug="the-case")
    page = client.get("/donate/the-case?updates=y").text
    assert 'name="updates"' in page and not re.search(r'<input[^>]*name="updates"[^>]*checked', page)
    given = {"amount": "25", "currency": "EUR", "frequency": "once", "name": "Dana", "email": "dana@example.org"}
    client.post("/donate/the-case", data={**given, **ticked, "token": token()})
    with app.app_context():
        assert open_donor(db.session.scalars(select(Donation)).one())["updates"] is asks


@pytest.fixture
def token(app: Flask) -> Callable[[], str]:
    from core.tokens import form_token

    def make() -> str:
        with app.test_request_context():
            return form_token()

    return make
