"""Updates that the site itself writes: once for each key, in the petition's language, with a subject that names no case."""

from flask import Flask
from sqlalchemy import select

from core.db import db
from petitions import services as petition_services
from petitions.updates import announcing
from petitions.updates.models import Update, UpdateState
from tests.petitions.conftest import Campaign, make_campaign


def announce(campaign: Campaign, kind: str, key: str, **context: str) -> int:
    with campaign.app.app_context():
        petition = petition_services.get(campaign.id)
        made = announcing.announce(petition, kind, actor="olga@example.org", key=key, context=context)
        db.session.commit()
        return made.id


def test_what_happened_is_announced_once_for_each_key(app: Flask) -> None:
    campaign = make_campaign(app)
    first = announce(campaign, "victory", f"victory:{campaign.id}", words="They are *free*.")
    assert announce(campaign, "victory", f"victory:{campaign.id}", words="Said again.") == first
    assert announce(campaign, "answered", f"answered:{campaign.id}") != first
    with app.app_context():
        updates = db.session.scalars(select(Update).order_by(Update.id)).all()
        assert [update.kind for update in updates] == ["victory", "answered"]
        assert {update.state for update in updates} == {UpdateState.SCHEDULED}
        text = updates[0].original
        assert "They are *free*." in text["body"] and campaign.slug in text["body"]
        assert updates[0].petition.title not in text["subject"]


def test_a_changed_text_is_announced_with_its_reason(app: Flask) -> None:
    campaign = make_campaign(app)
    announce(campaign, "changed", "changed:1", reason="A date was wrong.\nNow it is right.")
    with app.app_context():
        text = db.session.scalars(select(Update)).one().original
        assert "> A date was wrong.\n> Now it is right." in text["body"]
        assert "signature" in text["body"]
