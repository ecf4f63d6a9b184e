"""A petition's key file that is not in the keystore: its own people cannot be read, and everybody else's site goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import time_machine
from sqlalchemy import select, update

from core import clock, rotation
from core.db import db
from petitions import confirmation_services
from petitions.abuse import watching
from petitions.abuse.models import Signal
from petitions.models import Petition, Submission
from petitions.states import HeldReason, SubmissionState
from tests.organisers.conftest import enter
from tests.petitions.conftest import Campaign
from tests.petitions.guarded import limits_on, people, sign_from

MakeCampaign = Callable[..., Campaign]


@contextmanager
def lost_key(campaign: Campaign) -> Iterator[None]:
    with campaign.app.app_context():
        key = rotation.active(db.session.get_one(Petition, campaign.id).scope)
        assert key is not None
        path = campaign.app.config["UNDERSIGNED"].keystore / f"scope-{key.id}.json"
        campaign.app.extensions["vault"].forget()
    path.rename(path.with_suffix(".away"))
    try:
        yield
    finally:
        path.with_suffix(".away").rename(path)


def test_the_watch_still_finds_the_waves_of_all_others(make_campaign_of: MakeCampaign) -> None:
    lost, free = make_campaign_of(), make_campaign_of()
    with limits_on(lost.app):
        for at, (name, _first, _last) in enumerate(people(12)):
            for campaign in (lost, free):
                sign_from(campaign, f"zenobia.sentinel{at}@example.org", f"10.{at}.1.1", name)
        with lost_key(lost), lost.app.app_context():
            watching.look_for_waves()
            assert set(db.session.scalars(select(Signal.petition_id))) == {free.id}


def test_everybody_else_is_reminded(make_campaign_of: MakeCampaign) -> None:
    lost, free = make_campaign_of(), make_campaign_of()
    for campaign, who in ((lost, "ada"), (free, "bob")):
        campaign.sign(f"{who}@example.org")
    free.work()
    with time_machine.travel(clock.now() + timedelta(days=4), tick=True):
        with lost_key(lost), lost.app.app_context():
            confirmation_services.remind()
        free.work()
    assert [len(free.mails(f"{who}@example.org")) for who in ("ada", "bob")] == [1, 2]


def test_the_held_queue_shows_that_it_cannot_be_opened(make_campaign_of: MakeCampaign) -> None:
    lost = make_campaign_of()
    lost.sign("ada@example.org")
    held = {"state": SubmissionState.HELD, "held_reason": HeldReason.WAVE, "held_at": clock.now()}
    with lost.app.app_context():
        db.session.execute(update(Submission).values(held))
        db.session.commit()
    office = enter(lost.app)
    with lost_key(lost):
        assert "Cannot be opened" in office.get(f"/office/petitions/{lost.id}/held")
