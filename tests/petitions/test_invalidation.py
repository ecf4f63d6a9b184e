"""Taking signatures out of the count by a condition: what is found, what moves, what comes back, what stays true meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from core import clock
from core.audit import AuditEntry, find_break
from core.db import db
from core.jobs import Job
from core.vault import SITE, vault
from petitions.abuse import invalidation_batches
from petitions.abuse import invalidation_services as invalidations
from petitions.abuse.models import Invalidation
from petitions.counting import milestones, tallies
from petitions.keeping import clearing
from petitions.models import Petition, Signature, Submission
from petitions.own_page import services as own_page_services
from petitions.signature_services import leave
from petitions.states import ExitReason, InvalidationState, SignatureState, Visibility
from tests.organisers.conftest import enter
from tests.organisers.test_paper import Paper
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.crowd import crowd as many
from tests.petitions.test_invitations import Letter

ORGANISER = "olga@example.org"


@pytest.fixture
def crowd(campaign: Campaign) -> Campaign:
    """Six who have signed: three of one family at one domain, in two countries, one of them publicly."""
    campaign.signed("spam1@fake.example", name="Test Robot 1", country="VA")
    campaign.signed("spam2@fake.example", name="Test Robot 2", country="VA")
    campaign.signed("spam3@fake.example", name="Test Robot 3", country="IE", visibility="public")
    campaign.signed("ada@example.org", name="Ada Example", country="IE")
    campaign.signed("aine@example.net", name="Áine Shampla", country="IE", visibility="public")
    campaign.signed("erika@mail.example.net", name="Erika Muster", country="DE")
    assert campaign.count() == 6
    return campaign


def prepare(campaign: Campaign, **condition: str) -> int:
    """A preview; its id."""
    with campaign.app.app_context():
        vault().prepare(SITE)
        petition = db.session.get_one(Petition, campaign.id)
        made = invalidations.prepare(petition, condition, actor=ORGANISER)
        db.session.commit()
        return made.id


def act(campaign: Campaign, found: int, verb: Callable[..., None], **values: Any) -> None:
    with campaign.app.app_context():
        verb(db.session.get_one(Invalidation, found), actor=ORGANISER, **values)
        db.session.commit()


def run(campaign: Campaign, **condition: str) -> int:
    """An invalidation done."""
    found = prepare(campaign, **condition)
    act(campaign, found, invalidations.start, reason="They are made.")
    campaign.work()
    return found


def seen(campaign: Campaign, found: int) -> tuple[str, int | None, int]:
    with campaign.app.app_context():
        row = db.session.get_one(Invalidation, found)
        return row.state.value, row.found, row.taken


def states(campaign: Campaign) -> dict[str, int]:
    with campaign.app.app_context():
        rows = db.session.execute(select(Signature.state, func.count()).group_by(Signature.state))
        return {state.value: number for state, number in rows}


def true(campaign: Campaign) -> int:
    """The number shown, after the invariant that it is the number of valid ones and nothing is off."""
    shown = campaign.count()
    assert shown == campaign.valid()
    with campaign.app.app_context():
        assert tallies.drift() == {}
    return shown


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ({"country": "VA"}, 2), ({"country": "IE", "domain": "fake.example"}, 1), ({"domain": "*.example.net"}, 1),
        ({"domain": "FAKE.example"}, 3), ({"family": "spam77@fake.example"}, 3), ({"name": "test robot*"}, 3),
        ({"name": "aine shampla"}, 1), ({"name": "Test Robot ?", "country": "VA"}, 2), ({"source": "other"}, 6),
        ({"source": "none"}, 0), ({"since": "2001-01-01T00:00:00+00:00"}, 6), ({"until": "2001-01-01T00:00:00+00:00"}, 0),
        ({"bucket": "0" * 32}, 0), ({"cluster": "0" * 16}, 0),
    ],
)  # fmt: skip
def test_a_condition_finds_what_all_its_criteria_match(
    crowd: Campaign, condition: dict[str, str], matches: int
) -> None:
    assert seen(crowd, prepare(crowd, **condition)) == ("preview", matches, 0)
    assert crowd.count() == 6


def test_a_bucket_and_a_window_of_minutes_are_asked_of_the_submission(crowd: Campaign) -> None:
    bucket, early = "b" * 32, clock.now() - timedelta(hours=3)
    with crowd.app.app_context():
        ids = db.session.scalars(select(Submission.id).order_by(Submission.id).limit(2)).all()
        db.session.execute(update(Submission).where(Submission.id.in_(ids)).values(bucket=bucket, received_at=early))
        db.session.commit()
    assert seen(crowd, prepare(crowd, bucket=bucket))[1] == 2
    window = {"since": (early - timedelta(minutes=1)).isoformat(), "until": (early + timedelta(minutes=1)).isoformat()}
    assert seen(crowd, prepare(crowd, **window))[1] == 2
    assert seen(crowd, prepare(crowd, **window, country="IE"))[1] == 0


def test_an_empty_condition_and_an_empty_reason_are_refused(crowd: Campaign) -> None:
    with pytest.raises(invalidations.NoCriteria):
        prepare(crowd, country="", colour="red")
    found = prepare(crowd, country="VA")
    with pytest.raises(invalidations.NoReason):
        act(crowd, found, invalidations.start, reason="  ")
    crowd.work()
    assert true(crowd) == 6


def test_what_it_looks_for_is_sealed_and_the_chain_has_no_person(crowd: Campaign) -> None:
    found = run(crowd, name="Test Robot*", domain="fake.example")
    with crowd.app.app_context():
        row = db.session.get_one(Invalidation, found)
        assert row.criteria == ["domain", "name"] and b"Robot" not in row.blob
        noted = select(AuditEntry).where(AuditEntry.act.like("invalidation.%")).order_by(AuditEntry.id)
        entries = db.session.scalars(noted).all()
        acts = [entry.act.removeprefix("invalidation.") for entry in entries]
        assert acts == ["prepared", "started", "done"] and entries[0].detail["criteria"] == ["domain", "name"]
        assert entries[1].detail == {"reason": "They are made.", "criteria": ["domain", "name"], "counted": 3}
        assert "Robot" not in str([entry.detail for entry in entries]) and find_break() is None
        assert not db.session.scalar(select(func.count()).where(Job.args.cast(db.String).contains("Robot")))


def test_running_moves_them_hides_names_and_keeps_everything_sealed(crowd: Campaign) -> None:
    page = f"/petitions/{crowd.slug}/signatories"
    assert "Test Robot 3" in crowd.client.get(page).text
    found = run(crowd, domain="fake.example")
    assert true(crowd) == 3 and seen(crowd, found) == ("done", 3, 3)
    with crowd.app.app_context():
        taken = db.session.scalars(select(Signature).where(Signature.state == SignatureState.INVALIDATED)).all()
        assert {row.invalidation_id for row in taken} == {found}
        assert all(row.blob and row.email_index and row.public_name is None for row in taken)
        names = db.session.scalars(select(Signature.public_name).where(Signature.public_name.is_not(None))).all()
        assert names == ["Áine Shampla"]


def test_who_was_invalidated_cannot_sign_again(crowd: Campaign) -> None:
    run(crowd, domain="fake.example")
    mail = crowd.signed("spam1@fake.example")
    assert mail and true(crowd) == 3


def test_undo_brings_back_exactly_those_with_their_public_names(crowd: Campaign) -> None:
    first, second = run(crowd, country="VA"), run(crowd, domain="fake.example")
    assert true(crowd) == 3 and (seen(crowd, first)[2], seen(crowd, second)[2]) == (2, 1)
    act(crowd, second, invalidations.undo)
    crowd.work()
    assert true(crowd) == 4 and seen(crowd, second)[0] == "undone"
    with crowd.app.app_context():
        back = db.session.scalars(select(Signature).where(Signature.public_name == "Test Robot 3")).one()
        assert back.state == SignatureState.VALID and back.invalidation_id is None
    assert states(crowd) == {"valid": 4, "invalidated": 2}


def test_undo_shows_again_whom_it_may_and_counts_everybody(crowd: Campaign) -> None:
    """Meanwhile one of three public ones has narrowed, and of one the person data was cleared."""
    crowd.signed("spam4@fake.example", name="Clara Cleared", visibility="public")
    crowd.signed("spam5@fake.example", name="Nora Narrowed", visibility="public")
    page = f"/petitions/{crowd.slug}/signatories"
    found = run(crowd, domain="fake.example")
    assert not any(name in crowd.client.get(page).text for name in ("Test Robot 3", "Clara Cleared", "Nora Narrowed"))
    with crowd.app.app_context():
        rows = (
            select(Submission)
            .join(Signature, Signature.public_id == Submission.public_id)
            .order_by(Signature.id.desc())
        )
        narrowed, cleared = db.session.scalars(rows.limit(2))
        own_page_services.narrow(own_page_services.standing_of(narrowed), Visibility.RECIPIENTS)
        theirs = db.session.scalars(select(Signature).where(Signature.public_id == cleared.public_id)).all()
        clearing.empty_signatures(theirs, clock.now(), clearing.NOBODY)
    act(crowd, found, invalidations.undo)
    assert true(crowd) == 8 and seen(crowd, found) == ("undone", 5, 0)
    shown = crowd.client.get(f"{page}?before={2**62}").text  # the first page is remembered for a second
    assert "Test Robot 3" in shown and "Clara Cleared" not in shown and "Nora Narrowed" not in shown


def test_a_milestone_falls_with_an_invalidation_and_stands_again_with_its_undo(campaign: Campaign) -> None:
    many(campaign, 90)
    many(campaign, 15, "VA")

    def standing() -> list[bool]:
        with campaign.app.app_context():
            return [one.taken_back_at is None for one in milestones.of(campaign.id)]

    assert true(campaign) == 105 and standing() == [True]
    found = run(campaign, country="VA")
    assert true(campaign) == 90 and standing() == [False]
    act(campaign, found, invalidations.undo)
    assert true(campaign) == 105 and standing() == [True]


def test_who_withdraws_meanwhile_is_gone_for_good_and_counted_once(crowd: Campaign) -> None:
    found = run(crowd, domain="fake.example")
    with crowd.app.app_context():
        row = db.session.scalars(select(Signature).where(Signature.invalidation_id == found)).first()
        assert row is not None
        leave(row.petition_id, row.email_index, ExitReason.WITHDRAWN)
        db.session.commit()
    assert true(crowd) == 3
    act(crowd, found, invalidations.undo)
    crowd.work()
    assert true(crowd) == 5 and states(crowd) == {"valid": 5, "withdrawn": 1}


def test_cancelling_stops_between_batches_and_can_be_undone(crowd: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invalidation_batches, "AT_ONCE", 2)
    found = prepare(crowd, source="other")
    act(crowd, found, invalidations.start, reason="A test.")
    with crowd.app.app_context():
        step = invalidation_batches.STEPS[InvalidationState.RUNNING]
        assert step(db.session.get_one(Invalidation, found))
    act(crowd, found, invalidations.cancel)
    crowd.work()
    assert seen(crowd, found)[0::2] == ("cancelled", 2) and true(crowd) == 4
    act(crowd, found, invalidations.undo)
    crowd.work()
    assert true(crowd) == 6


def test_a_worker_killed_between_batches_goes_on_where_it_stopped(
    crowd: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invalidation_batches, "AT_ONCE", 2)
    found = prepare(crowd, source="other")
    act(crowd, found, invalidations.start, reason="A test.")
    with crowd.app.app_context():
        assert invalidation_batches._take(db.session.get_one(Invalidation, found))  # and then the machine was gone
    assert seen(crowd, found)[0::2] == ("running", 2) and crowd.valid() == 4
    crowd.work()
    assert seen(crowd, found) == ("done", 6, 6) and true(crowd) == 0


def test_a_job_stays_short_and_promises_the_next(crowd: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invalidation_batches, "AT_ONCE", 2)
    monkeypatch.setattr(invalidation_batches, "RUN_FOR", 0.0)
    found = run(crowd, source="other")
    assert seen(crowd, found) == ("done", 6, 6) and true(crowd) == 0
    with crowd.app.app_context():
        assert db.session.scalar(select(func.count()).where(Job.kind == "petitions.invalidate")) == 4


def test_a_worker_that_lags_behind_takes_nothing_any_more(crowd: Campaign) -> None:
    found = prepare(crowd, source="other")
    act(crowd, found, invalidations.start, reason="A test.")
    with crowd.app.app_context():
        lagging = db.session.get_one(Invalidation, found)
        act(crowd, found, invalidations.cancel)
        assert invalidation_batches._take(lagging)
        assert lagging.state == InvalidationState.CANCELLED
    crowd.work()
    assert seen(crowd, found)[0::2] == ("cancelled", 0) and true(crowd) == 6


def test_who_is_marked_as_a_waves_after_it_was_taken_out_is_taken_too(crowd: Campaign) -> None:
    mark = update(Signature).values(cluster_id="c1")
    with crowd.app.app_context():
        ids = db.session.scalars(select(Signature.id).order_by(Signature.id)).all()
        db.session.execute(mark.where(Signature.id == ids[2]))
        db.session.commit()
    found = run(crowd, cluster="c1")
    assert true(crowd) == 5
    with crowd.app.app_context():
        db.session.execute(mark.where(Signature.id.in_(ids[:2])))
        db.session.commit()
    assert true(crowd) == 3 and seen(crowd, found)[2] == 3


def test_acts_that_the_state_does_not_allow_are_refused(crowd: Campaign) -> None:
    found = prepare(crowd, country="VA")
    with pytest.raises(invalidations.MovedOn):
        act(crowd, found, invalidations.undo)
    act(crowd, found, invalidations.cancel)
    for verb, values in ((invalidations.start, {"reason": "x"}), (invalidations.cancel, {})):
        with pytest.raises(invalidations.MovedOn):
            act(crowd, found, verb, **values)
    assert true(crowd) == 6


def test_who_signed_before_and_confirms_later_is_taken_too_and_nobody_else(crowd: Campaign) -> None:
    assert crowd.sign("late@fake.example").status_code == 303
    crowd.work()
    late = crowd.mails("late@fake.example")[-1]
    found = run(crowd, domain="fake.example")
    assert crowd.press(late.links["confirm"]).status_code == 303
    crowd.signed("afterwards@fake.example")
    assert true(crowd) == 4 and seen(crowd, found)[2] == 4
    act(crowd, found, invalidations.undo)
    crowd.work()
    assert true(crowd) == 8


def test_the_follower_spares_paper_and_the_invited_that_came_after_the_invalidation(app: Flask) -> None:
    """Both come by no submission and know only the hour in which they signed."""
    noon = clock.now().replace(minute=30, second=0, microsecond=0)
    with time_machine.travel(noon, tick=True):
        campaign, office = make_campaign(app), enter(app)
        letter, paper = Letter(app, campaign, office), Paper(office, campaign)
        campaign.signed("spam1@fake.example", country="VA")
        run(campaign, country="VA")
        assert true(campaign) == 0
        assert paper.type({"name": "Honest Pilgrim", "country": "VA"}).status_code == 303
        letter.invite("Nora Sentinelova; Professor; ; VA; nora@university.example")
        letter.sign("nora@university.example")
    with time_machine.travel(noon + timedelta(minutes=3), tick=True):
        assert true(campaign) == 2  # the follower has looked again


def test_the_follower_takes_paper_that_was_typed_the_hour_before(app: Flask) -> None:
    noon = clock.now().replace(minute=30, second=0, microsecond=0)
    with time_machine.travel(noon, tick=True):
        campaign = make_campaign(app)
        paper = Paper(enter(app), campaign)
        campaign.signed("spam1@fake.example", country="VA")
        found = run(campaign, country="VA")
        assert paper.type({"name": "Late Commit", "country": "VA"}).status_code == 303
        early = {"signed_at": clock.to_hour(noon - timedelta(hours=1))}
        with app.app_context():
            db.session.execute(update(Signature).where(Signature.state == SignatureState.VALID).values(early))
            db.session.commit()
        assert true(campaign) == 0 and seen(campaign, found)[2] == 2


def test_many_are_counted_by_the_worker(crowd: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invalidations, "COUNTED_AT_ONCE", 3)
    monkeypatch.setattr(invalidation_batches, "AT_ONCE", 2)
    found = prepare(crowd, domain="fake.example")
    assert seen(crowd, found) == ("preview", None, 0)
    crowd.work()
    assert seen(crowd, found)[:2] == ("preview", 3)
    act(crowd, found, invalidations.start, reason="A test.")
    crowd.work()
    assert seen(crowd, found) == ("done", 3, 3) and true(crowd) == 3


def test_a_row_that_cannot_be_opened_stops_nobody(crowd: Campaign) -> None:
    with crowd.app.app_context():
        first = db.session.scalar(select(func.min(Signature.id)))
        db.session.execute(update(Signature).where(Signature.id == first).values(blob=b"not sealed by anybody"))
        db.session.commit()
    assert seen(crowd, run(crowd, domain="fake.example")) == ("done", 2, 2)
    assert true(crowd) == 4


def test_one_whose_condition_was_cleared_takes_nobody_and_can_still_be_undone(crowd: Campaign) -> None:
    done, prepared = run(crowd, country="VA"), prepare(crowd, country="IE")
    act(crowd, prepared, invalidations.start, reason="A test.")
    with crowd.app.app_context():
        db.session.execute(update(Invalidation).values(blob=b""))
        db.session.commit()
    assert true(crowd) == 4 and seen(crowd, prepared)[0] == "running"
    act(crowd, done, invalidations.undo)
    crowd.work()
    assert true(crowd) == 6 and seen(crowd, done)[0] == "undone"


def test_another_petitions_signatures_stay(app: Flask, crowd: Campaign, make_campaign_of: Any) -> None:
    other = make_campaign_of()
    other.signed("spam9@fake.example", country="VA")
    run(crowd, country="VA")
    with app.app_context():
        assert tallies.total(other.id) == 1
