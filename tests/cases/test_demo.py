"""The demo case: what is known, in the right places, once."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from cases.models import Case, Event, Person
from core.db import db
from operations.demo import CASE, PETITION, seed_demo
from petitions import services
from petitions.models import Petition
from petitions.states import Visibility


def seed(app: Flask) -> None:
    with app.app_context():
        seed_demo()
        db.session.commit()


def test_seeding_twice_makes_one_case(app: Flask) -> None:
    seed(app)
    seed(app)
    with app.app_context():
        counts = [
            db.session.scalar(select(func.count()).select_from(table)) for table in (Case, Petition, Person, Event)
        ]
    assert counts == [1, 1, 3, 3]


def test_the_petition_can_be_signed_and_names_go_to_the_recipient_by_default(app: Flask) -> None:
    seed(app)
    with app.app_context():
        petition = services.get_public(PETITION)
        assert petition.open
        assert petition.visibility_default == Visibility.RECIPIENTS
        assert petition.time_zone == "Asia/Almaty"


def test_the_petition_page_shows_the_letter_with_its_address_and_first_signatory(
    app: Flask, client: FlaskClient
) -> None:
    seed(app)
    page = client.get(f"/petitions/{PETITION}?fresh").text
    for words in (
        "Marc Perrin de Brichambaut",
        "Secretary General",
        "Wallnerstrasse 6",
        "1010 Vienna",
        "Joe Higgins MEP",
    ):
        assert words in page


def test_the_case_page_shows_sentence_and_due_dates_and_counts_no_days(app: Flask, client: FlaskClient) -> None:
    seed(app)
    page = client.get(f"/cases/{CASE}?fresh").text
    for words in (
        "15 days",
        "10 May 2010",
        "12 May 2010",
        "Vadim Kuramskin",
        "Moscow News",
        "Temir Bank",
        "Media fund",
    ):
        assert words in page
    assert "days in detention" not in page
    assert "days held" not in page
