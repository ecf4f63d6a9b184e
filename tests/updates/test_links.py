"""The links in an update live from its sending on, however long it waited; one that was ended meanwhile stays so."""

import re
from datetime import timedelta

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from core import clock
from core.db import db
from donations.own_page.models import DonorLink
from petitions import mails
from petitions.models import SignatureToken
from petitions.states import Purpose
from tests.donations.conftest import world as world
from tests.updates.conftest import News, part
from tests.updates.test_donors import Fund
from tests.updates.test_donors import fund as fund
from tests.updates.test_sending import held, open_again

WAITED = timedelta(days=40)  # longer than a link to the own page lives
OWN = re.compile(r"http://localhost(/signatures/[\w-]{43})\s")
DONORS = re.compile(r"http://localhost(/donations/manage/[\w-]{43})\s")


def lives(app: Flask) -> dict[str, timedelta]:
    """How long the newest tokens live, by purpose."""
    with app.app_context():
        rows = db.session.scalars(select(SignatureToken).order_by(SignatureToken.expires_at)).all()
        return {row.purpose: row.expires_at - clock.now() for row in rows}


def test_a_mail_that_waited_for_weeks_has_links_that_work(news: News, app: Flask) -> None:
    news.signed("ada@example.org")
    held(news)
    news.send()
    sent_at = clock.now() + WAITED
    with time_machine.travel(sent_at, tick=False):
        open_again(news)
        own = OWN.search(part(news.letters()[0], "plain"))
        assert own and app.test_client().get(own[1]).status_code == 200
        for purpose, life in lives(app).items():
            assert life <= mails.LIVES[Purpose(purpose)]
    with time_machine.travel(sent_at + mails.LIVES[Purpose.MANAGE] - timedelta(hours=1), tick=False):
        assert app.test_client().get(own[1]).status_code == 200
    with time_machine.travel(sent_at + mails.LIVES[Purpose.MANAGE] + timedelta(hours=1), tick=False):
        assert app.test_client().get(own[1]).status_code != 200


def test_links_that_were_ended_while_the_mail_waited_stay_so(news: News, app: Flask) -> None:
    news.signed("ada@example.org")
    held(news)
    news.send()
    with app.app_context():
        db.session.execute(delete(SignatureToken))
        db.session.commit()
    open_again(news)
    own = OWN.search(part(news.letters()[0], "plain"))
    assert own and app.test_client().get(own[1]).status_code == 404


def test_a_donors_link_too_lives_from_the_sending(fund: Fund, client: FlaskClient) -> None:
    fund.gift("dana@example.org")
    held(fund.news)
    fund.news.send(audience="donors")
    sent_at = clock.now() + WAITED
    with time_machine.travel(sent_at, tick=False):
        open_again(fund.news)
        own = DONORS.search(part(fund.news.letters()[0], "plain"))
        assert own and client.get(own[1]).status_code == 200
        with fund.news.app.app_context():
            last = db.session.scalars(select(DonorLink).order_by(DonorLink.expires_at.desc())).first()
            assert last is not None and last.expires_at - clock.now() == timedelta(days=30)
