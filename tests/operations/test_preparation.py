"""What a start brings up to this code."""

import os
import shutil
from datetime import timedelta

from flask import Flask
from sqlalchemy import delete, select

from core import clock
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


def test_a_start_clears_away_what_a_killed_export_left(app: Flask) -> None:
    settings = app.config["UNDERSIGNED"]
    old, young = settings.drafts_folder / "tmpold", settings.drafts_folder / "tmpyoung"
    for draft in (old, young):
        draft.mkdir(parents=True)
        (draft / "table.xlsx").write_text("names")
    past = (clock.now() - timedelta(minutes=61)).timestamp()
    for path in (old / "table.xlsx", old):
        os.utime(path, (past, past))
    with app.app_context():
        preparation.prepare(settings)
    assert not old.exists() and young.exists()
    shutil.rmtree(young)
