"""The held queue: what is offered, let go, discarded, and what nobody has judged in three days."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from core import clock
from core.audit import AuditEntry
from core.db import db
from petitions.abuse import held_services as held
from petitions.abuse.models import HeldJudgement
from petitions.confirmation_services import expire
from petitions.models import Petition, Submission
from petitions.signature_services import leave
from petitions.states import ExitReason, HeldReason, PetitionState, SubmissionState
from tests.petitions.conftest import Campaign

ORGANISER = "olga@example.org"


def hold(campaign: Campaign, address: str, reason: HeldReason, **values: Any) -> int:
    """Somebody signs and is held; the submission's id."""
    assert campaign.sign(address, name=address.partition("@")[0].title()).status_code == 303
    with campaign.app.app_context():
        newest = db.session.scalar(select(func.max(Submission.id)))
        held_now = {"state": SubmissionState.HELD, "held_reason": reason, "held_at": clock.now(), **values}
        db.session.execute(update(Submission).where(Submission.id == newest).values(held_now))
        db.session.commit()
        assert newest is not None
        return newest


def judge(campaign: Campaign, verb: Any, **chosen: Any) -> int:
    with campaign.app.app_context():
        judgement = (db.session.scalar(select(func.max(HeldJudgement.judgement_id))) or 0) + 1
        number = verb(db.session.get_one(Petition, campaign.id), judgement=judgement, actor=ORGANISER, **chosen)
        db.session.commit()
        return int(number)


def states(campaign: Campaign) -> list[str]:
    return [row.state.value for row in campaign.submissions()]


def age(campaign: Campaign, hours: float) -> None:
    with campaign.app.app_context():
        db.session.execute(update(Submission).values(held_at=clock.now() - timedelta(hours=hours)))
        db.session.commit()


def test_the_queue_is_grouped_and_offers_only_what_an_organiser_may_judge(campaign: Campaign) -> None:
    hold(campaign, "one@example.org", HeldReason.WAVE, cluster_id="c1")
    hold(campaign, "two@example.org", HeldReason.WAVE, cluster_id="c1")
    hold(campaign, "three@example.org", HeldReason.WAVE, cluster_id="c2")
    hold(campaign, "four@example.org", HeldReason.DISPOSABLE)
    hold(campaign, "never@example.org", HeldReason.SUPPRESSED)
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        groups = {(one.reason.value, one.cluster_id): one.submissions for one in held.groups(petition)}
        assert groups == {("wave", "c1"): 2, ("wave", "c2"): 1, ("disposable", None): 1}
        shown = held.sample(petition, cluster="c1")
        assert [(row.name, row.address) for row in shown] == [("Two", "t…@example.org"), ("One", "o…@example.org")]
        assert len(held.sample(petition)) == 4
        [waiting] = held.waiting()
        assert (waiting.petition.id, waiting.submissions) == (campaign.id, 4)


def test_releasing_a_group_judges_it_again_without_the_rule_and_mails(campaign: Campaign) -> None:
    assert campaign.sign("bot@example.org", website="https://example.org").status_code == 303
    with campaign.app.app_context():
        db.session.execute(update(Submission).values(trapped=True))
        db.session.commit()
    hold(campaign, "other@example.org", HeldReason.VELOCITY)
    campaign.work()
    assert states(campaign) == ["held", "held"] and campaign.mails() == []
    assert judge(campaign, held.release, reason="trap") == 1
    campaign.work()
    assert states(campaign) == ["mailed", "held"]
    [mail] = campaign.mails("bot@example.org")
    assert campaign.press(mail.links["confirm"]).status_code == 303 and campaign.count() == 1
    first = campaign.submissions()[0]
    assert first.released_at is not None and first.held_reason is None


def test_a_released_one_still_meets_the_rules_that_nobody_may_lift(campaign: Campaign) -> None:
    mail = campaign.signed("ada@example.org")
    with campaign.app.app_context():
        index = db.session.scalar(select(Submission.email_index))
        leave(campaign.id, index, ExitReason.DISOWNED)
        db.session.commit()
    assert mail
    row = hold(campaign, "ada@example.org", HeldReason.WAVE)
    judge(campaign, held.release, ids=[row])
    before = len(campaign.mails("ada@example.org"))
    campaign.work()
    with campaign.app.app_context():
        again = db.session.get_one(Submission, row)
        assert (again.state, again.held_reason) == (SubmissionState.HELD, HeldReason.SUPPRESSED)
    assert len(campaign.mails("ada@example.org")) == before


def test_discarding_mails_nobody_and_empties_after_a_week_only_what_was_chosen(campaign: Campaign) -> None:
    first = hold(campaign, "one@example.org", HeldReason.WAVE, cluster_id="c1", email_index=b"i" * 32)
    second = hold(campaign, "two@example.org", HeldReason.WAVE, cluster_id="c1")
    third = hold(campaign, "never@example.org", HeldReason.SUPPRESSED, cluster_id="c1")
    assert judge(campaign, held.discard, ids=[first, third]) == 1
    assert judge(campaign, held.discard, reason="disposable", cluster="c1") == 0
    campaign.work()
    assert states(campaign) == ["discarded", "held", "held"] and campaign.mails() == []
    sealed = campaign.submissions()[0]
    assert sealed.blob is not None and sealed.code_digest is None
    for days, kept in ((6, True), (8, False)):
        with campaign.app.app_context(), time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            expire()
            assert (campaign.submissions()[0].blob is not None) == kept
    gone = campaign.submissions()[0]
    assert (gone.blob, gone.email_index, gone.state) == (None, None, SubmissionState.DISCARDED)
    assert judge(campaign, held.discard, cluster="c1") == 1 and second
    with campaign.app.app_context():
        discarded = select(AuditEntry).where(AuditEntry.act == "held.discarded").order_by(AuditEntry.id)
        entries = db.session.scalars(discarded).all()
        assert [entry.detail["submissions"] for entry in entries] == [1, 0, 1]


def test_nothing_chosen_is_never_everything(campaign: Campaign) -> None:
    hold(campaign, "one@example.org", HeldReason.WAVE)
    for verb in (held.release, held.discard):
        with pytest.raises(held.NothingChosen):
            judge(campaign, verb)


def test_another_petitions_queue_is_not_touched(campaign: Campaign, make_campaign_of: Any) -> None:
    other = make_campaign_of()
    row = hold(other, "one@example.org", HeldReason.WAVE)
    assert judge(campaign, held.discard, ids=[row]) == 0 and judge(campaign, held.release, reason="wave") == 0


def test_what_nobody_judges_in_three_days_is_mailed_a_few_a_minute_the_oldest_first(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "TRICKLE", 2)
    for number in range(3):
        hold(campaign, f"person{number}@example.org", HeldReason.VELOCITY)
    age(campaign, 71)
    campaign.work()
    assert states(campaign) == ["held"] * 3
    age(campaign, 73)
    campaign.work()
    assert states(campaign) == ["mailed", "mailed", "held"]
    with campaign.app.app_context():
        db.session.execute(update(Submission).values(released_at=clock.now() - timedelta(minutes=1)))
        db.session.commit()
    campaign.work()
    assert states(campaign) == ["mailed"] * 3 and len(campaign.mails()) == 3


def test_nothing_trickles_from_a_petition_that_takes_no_signatures(campaign: Campaign) -> None:
    row = hold(campaign, "one@example.org", HeldReason.VELOCITY)
    age(campaign, 100)
    with campaign.app.app_context():
        closed = {"state": PetitionState.CLOSED, "closes_at": clock.now() - timedelta(hours=25)}
        db.session.execute(update(Petition).values(closed))
        db.session.commit()
        held.trickle()
    assert states(campaign) == ["held"] and campaign.mails() == []
    with pytest.raises(held.TakesNone):
        judge(campaign, held.release, ids=[row])
    assert judge(campaign, held.discard, ids=[row]) == 1


def test_what_waits_for_a_judgement_never_expires_in_silence(campaign: Campaign) -> None:
    hold(campaign, "one@example.org", HeldReason.WAVE, expires_at=clock.now() - timedelta(days=30))
    hold(campaign, "never@example.org", HeldReason.SUPPRESSED, expires_at=clock.now() - timedelta(days=30))
    age(campaign, 30 * 24)
    with campaign.app.app_context():
        expire()
    assert states(campaign) == ["held", "expired"]


def test_what_an_older_schema_held_without_a_reason_runs_out_three_weeks_after_it_came(campaign: Campaign) -> None:
    hold(campaign, "old@example.org", HeldReason.SUPPRESSED, held_reason=None, held_at=None)
    with campaign.app.app_context():
        for days, left in ((20, ("held", True)), (22, ("expired", False))):
            with time_machine.travel(clock.now() + timedelta(days=days)):
                expire()
            [row] = campaign.submissions()
            assert (row.state, row.blob is not None, row.email_index is not None) == (*left, False)


def close_at(campaign: Campaign, moment: datetime, state: PetitionState = PetitionState.OPEN) -> None:
    with campaign.app.app_context():
        db.session.execute(update(Petition).values(closes_at=moment, state=state))
        db.session.commit()


@pytest.mark.parametrize(
    ("hours", "state"), [(20, PetitionState.OPEN), (-2, PetitionState.CLOSED), (-20, PetitionState.OPEN)]
)
def test_what_is_held_is_mailed_while_it_can_still_be_confirmed(
    campaign: Campaign, hours: float, state: PetitionState
) -> None:
    hold(campaign, "one@example.org", HeldReason.VELOCITY)
    close_at(campaign, clock.now() + timedelta(hours=60))
    campaign.work()
    assert states(campaign) == ["held"]
    with campaign.app.app_context():
        db.session.execute(update(Submission).values(received_at=clock.now() - timedelta(days=1)))
        db.session.commit()
    close_at(campaign, clock.now() + timedelta(hours=hours), state)
    campaign.work()
    assert states(campaign) == ["mailed"]
    assert campaign.press(campaign.mails()[-1].links["confirm"]).status_code == 303 and campaign.count() == 1


def test_who_would_come_too_late_goes_before_who_has_waited_longer(
    campaign: Campaign, make_campaign_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "TRICKLE", 1)
    other = make_campaign_of()
    hold(other, "long@example.org", HeldReason.VELOCITY)
    age(other, 100)
    hold(campaign, "late@example.org", HeldReason.VELOCITY)
    with campaign.app.app_context():
        closing = update(Petition).where(Petition.id == campaign.id).values(closes_at=clock.now() + timedelta(hours=3))
        db.session.execute(closing)
        db.session.commit()
    campaign.work()
    assert [mail.to for mail in campaign.mails()] == ["late@example.org"]


def test_what_is_still_held_a_day_after_closing_is_emptied(campaign: Campaign) -> None:
    hold(campaign, "one@example.org", HeldReason.WAVE, email_index=b"i" * 32)
    close_at(campaign, clock.now() - timedelta(hours=23), PetitionState.PAUSED)
    campaign.work()
    assert states(campaign) == ["held"]
    close_at(campaign, clock.now() - timedelta(hours=25), PetitionState.PAUSED)
    with campaign.app.app_context():
        expire()
    [row] = campaign.submissions()
    assert (row.state, row.blob, row.email_index) == (SubmissionState.EXPIRED, None, None)


def test_who_was_refused_may_be_let_go_and_never_goes_by_itself(campaign: Campaign) -> None:
    row = hold(campaign, "one@example.org", HeldReason.REFUSED)
    age(campaign, 100)
    campaign.work()
    assert states(campaign) == ["held"]
    with campaign.app.app_context():
        assert held.waiting() == []
        assert [one.reason for one in held.groups(db.session.get_one(Petition, campaign.id))] == [HeldReason.REFUSED]
    assert judge(campaign, held.release, reason="refused") == 1 and row
    campaign.work()
    assert campaign.press(campaign.mails("one@example.org")[-1].links["confirm"]).status_code == 303
