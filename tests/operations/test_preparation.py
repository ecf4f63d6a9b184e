"""What a start brings up to this code."""

from flask import Flask
from sqlalchemy import delete, select

from core.db import db
from operations import preparation
from petitions.models import ConsentText
from tests.petitions.conftest import make_campaign


def test_after_a_release_that_words_the_choices_anew_people_can_still_confirm(app: Flask) -> None:
    campaign = make_campaign(app)
    with app.app_context():
        db.session.execute(delete(ConsentText))  # what is stored under other words is not found either
        db.session.commit()
        preparation.prepare(app.config["UNDERSIGNED"])
        assert db.session.scalars(select(ConsentText)).all()
    campaign.signed()
    assert campaign.count() == 1
