"""What organisers did with held signatures: with a reason, in the book, and held again as long as that can be."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from core import clock
from core.db import db
from operations import retention_run
from organisers.moderation.models import ModerationAct
from petitions.abuse.models import HeldJudgement
from petitions.models import Submission
from petitions.states import HeldReason
from tests.organisers.conftest import Office, enter
from tests.organisers.test_moderation import CLUSTER, acts, hold, states
from tests.petitions.conftest import Campaign, make_campaign

DISCARD = {"act": "discard", "why": "other", "note": "All typed by one hand"}


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


def page_of(campaign: Campaign) -> str:
    return f"/office/petitions/{campaign.id}/held"


def undo(office: Office, campaign: Campaign) -> str:
    """Presses the newest act's own button; what the page then says."""
    page = page_of(campaign)
    with campaign.app.app_context():
        newest = db.session.scalars(select(ModerationAct.id).order_by(ModerationAct.id.desc())).first()
    office.saved(f"{page}/{newest}/undo")
    return office.get(page)


def reasons(campaign: Campaign) -> list[HeldReason | None]:
    return [row.held_reason for row in campaign.submissions()]


def test_what_was_discarded_is_held_again_for_the_same_reasons(office: Office, campaign: Campaign) -> None:
    ids = [
        hold(campaign, "one@example.org", HeldReason.WAVE, CLUSTER), hold(campaign, "two@example.org", HeldReason.TRAP),
        hold(campaign, "three@example.org", HeldReason.WAVE),
    ]  # fmt: skip
    page = page_of(campaign)
    office.saved(page, **DISCARD, ids=[str(ids[0]), str(ids[1])])
    assert states(campaign.app, ids) == ["discarded", "discarded", "held"]
    shown = office.get(page)
    assert "Something else. All typed by one hand" in shown and "olga@example.org" in shown and "Hold 2 again" in shown
    assert "2 signatures are held again." in undo(office, campaign)
    assert states(campaign.app, ids) == ["held"] * 3
    assert reasons(campaign) == [HeldReason.WAVE, HeldReason.TRAP, HeldReason.WAVE]
    office.saved(page, act="release", ids=[str(one) for one in ids])
    campaign.work()
    assert states(campaign.app, ids) == ["mailed"] * 3, "whole and unharmed"
    assert acts(office) == ["held.discarded", "held.undone", "held.released"]


def test_what_was_let_go_is_held_again_unless_it_was_confirmed(office: Office, campaign: Campaign) -> None:
    ids = [hold(campaign, f"{name}@example.org", HeldReason.WAVE) for name in ("one", "two", "three")]
    office.saved(page_of(campaign), act="release", reason="wave")
    campaign.work()
    campaign.press(campaign.mails("one@example.org")[-1].links["confirm"])
    assert "Hold 2 again" in office.get(page_of(campaign))
    assert "2 signatures are held again." in undo(office, campaign)
    assert states(campaign.app, ids) == ["confirmed", "held", "held"] and campaign.count() == 1
    assert reasons(campaign) == [None, HeldReason.WAVE, HeldReason.WAVE]
    late = campaign.mails("two@example.org")[-1].links["confirm"]
    campaign.press(late)
    assert campaign.count() == 1, "its link does nothing while it is held"
    campaign.work()
    assert states(campaign.app, ids) == ["confirmed", "held", "held"], "nor does the worker"


def test_an_undo_before_the_worker_came_mails_nobody(office: Office, campaign: Campaign) -> None:
    row = hold(campaign, "one@example.org", HeldReason.WAVE)
    office.saved(page_of(campaign), act="release", reason="wave")
    undo(office, campaign)
    campaign.work()
    assert states(campaign.app, [row]) == ["held"] and campaign.mails() == []


def test_an_undo_is_pressed_once_and_of_ones_own_petition(office: Office, campaign: Campaign) -> None:
    row = hold(campaign, "one@example.org", HeldReason.WAVE)
    office.saved(page_of(campaign), **DISCARD, reason="wave")
    with campaign.app.app_context():
        judgement = db.session.scalars(select(ModerationAct.id)).one()
    other = make_campaign(campaign.app)
    office.saved(f"{page_of(other)}/{judgement}/undo")
    assert states(campaign.app, [row]) == ["discarded"]
    office.saved(f"{page_of(campaign)}/{judgement}/undo")
    office.saved(page_of(campaign), act="release", reason="wave")
    office.saved(f"{page_of(campaign)}/{judgement}/undo")
    assert "gone on meanwhile" in office.get(page_of(campaign)) and states(campaign.app, [row]) == ["received"]


def test_a_week_later_the_discarded_are_empty_and_cannot_come_back(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    row = hold(campaign, "one@example.org", HeldReason.WAVE)
    office.saved(page_of(campaign), **DISCARD, reason="wave")
    with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
        campaign.work()
        with app.app_context():
            retention_run.run(clock.now())
            assert db.session.get_one(Submission, row).blob is None
            assert db.session.scalars(select(HeldJudgement)).all() == []
        late = enter(app)
        assert "Hold 1 again" not in late.get(page_of(campaign))
        assert "Nothing was left to hold again" in undo(late, campaign)
    assert states(app, [row]) == ["discarded"]


def test_who_discards_says_why_and_keeps_what_was_ticked(office: Office, campaign: Campaign) -> None:
    row = hold(campaign, "one@example.org", HeldReason.WAVE)
    for fields, sentence in (
        ({"why": ""}, "Choose why you discard them."), ({"why": "other", "note": " "}, "in a few words why"),
        ({"why": "nonsense"}, "Choose one from the list."),
    ):  # fmt: skip
        answer = office.post(page_of(campaign), act="discard", ids=[str(row)], **fields)
        assert answer.status_code == 422 and sentence in answer.text, fields
        assert f'value="{row}" checked' in answer.text
    kept = office.post(page_of(campaign), act="discard", reason="wave", why="", note="My note")
    assert "My note" in kept.text and '<details data-key="r" open>' in kept.text
    assert states(office.app, [row]) == ["held"]


def test_nothing_found_is_nothing_done(office: Office, campaign: Campaign) -> None:
    office.saved(page_of(campaign), **DISCARD, reason="wave")
    assert "0 signatures are discarded." in office.get(page_of(campaign)) and acts(office) == []
    with office.app.app_context():
        assert db.session.scalars(select(ModerationAct)).all() == []
