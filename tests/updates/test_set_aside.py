"""One update that cannot go on is set aside and told of; the others, and the worker, go on."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from core.db import db
from core.jobs import Job
from core.vault import VaultKey, vault
from petitions.updates import services
from petitions.updates.models import Update
from tests.organisers.conftest import enter
from tests.petitions.conftest import make_campaign
from tests.updates.conftest import AUTHOR, News

NO_BODY = {"en": {"subject": "News that you asked for"}}


@pytest.fixture
def other(app: Flask) -> News:
    other = News(make_campaign(app))
    other.signed("bob@example.org")
    return other


def scheduled(news: News, **values: object) -> int:
    made = news.draft(**values)
    news.do(made, services.schedule, actor=AUTHOR)
    return made


def set_texts(news: News, update_id: int, texts: dict[str, dict[str, str]]) -> None:
    with news.app.app_context():
        db.session.get_one(Update, update_id).texts = texts
        db.session.commit()


def alarms(news: News) -> list[object]:
    """The updates of which an alarm told."""
    with news.app.app_context():
        jobs = db.session.scalars(select(Job).where(Job.kind == "alarm").order_by(Job.id))
        return [job.args["detail"]["update"] for job in jobs if job.args["kind"] == "update-stopped"]


def test_a_broken_text_stops_its_own_update_only(news: News, other: News) -> None:
    office = enter(news.app)
    news.signed("ada@example.org")
    broken, whole = scheduled(news), scheduled(other)
    page = f"/office/petitions/{news.campaign.id}/updates/{broken}"
    text = {"en": {"subject": "News that you asked for", "body": "They are free."}}
    set_texts(news, broken, NO_BODY)
    news.campaign.work()
    assert (news.state(broken), news.state(whole)) == ("paused", "sent") and news.reached() == ["bob@example.org"]
    assert alarms(news) == [broken]
    set_texts(news, broken, text)
    assert "It could not go on" in office.get(page)
    office.saved(f"{page}/resume")
    news.campaign.work()
    assert news.reached() == ["ada@example.org", "bob@example.org"] and news.state(broken) == "sent"
    assert "It could not go on" not in office.get(page) and alarms(news) == [broken]


def test_one_that_cannot_even_begin_is_a_draft_again(news: News, other: News) -> None:
    news.signed("ada@example.org")
    broken, whole = scheduled(news, headline="Both are free"), scheduled(other)
    set_texts(news, broken, NO_BODY)
    news.campaign.work()
    assert (news.state(broken), news.state(whole)) == ("draft", "sent") and alarms(news) == [broken]


def test_without_the_petitions_key_nobody_is_left_out_in_silence(news: News, other: News, tmp_path: Path) -> None:
    news.signed("ada@example.org")
    locked, whole = scheduled(news), scheduled(other)
    with news.app.app_context():
        scope = db.session.get_one(Update, locked).petition.scope
        key = db.session.scalars(select(VaultKey.id).where(VaultKey.scope == scope)).one()
        file = vault().keystore.folder / f"scope-{key}.json"
        file.rename(tmp_path / "away")
        vault().forget()
    news.campaign.work()
    assert (news.state(locked), news.state(whole)) == ("paused", "sent") and alarms(news) == [locked]
    (tmp_path / "away").rename(file)
    news.act(locked, "resume")
    news.campaign.work()
    assert news.reached() == ["ada@example.org", "bob@example.org"] and news.progress(locked).sent == 1
