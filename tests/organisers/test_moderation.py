"""Moderation through the door: signals, the held queue, invalidations from condition to undo."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from core import clock
from core.db import db
from petitions.abuse.models import Invalidation, Signal
from petitions.models import Petition, Signature, Submission
from petitions.states import HeldReason, SignalKind, SignatureState, SubmissionState
from tests.organisers.conftest import Office
from tests.petitions.conftest import Campaign, make_campaign

CLUSTER = "c1c1c1c1"


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    """Four who have signed; two of them belong to a wave that was told."""
    campaign = make_campaign(app, sources=["qr-poster"], time_zone="Europe/Vienna")
    for number in range(4):
        campaign.signed(f"person{number}@mail{number // 2}.example", name=f"Person {'AB'[number // 2]}")
    with app.app_context():
        ids = db.session.scalars(select(Signature.public_id).order_by(Signature.id).limit(2)).all()
        for table in (Submission, Signature):
            db.session.execute(update(table).where(table.public_id.in_(ids)).values(cluster_id=CLUSTER))
        now = clock.now()
        signal = Signal(
            petition_id=campaign.id, kind=SignalKind.DOMAIN_BURST, value="mail0.example", cluster_id=CLUSTER,
            first_at=now - timedelta(minutes=9), last_at=now, submissions=2, expected=0.1,
        )  # fmt: skip
        db.session.add(signal)
        db.session.commit()
    return campaign


def hold(campaign: Campaign, address: str, reason: HeldReason, cluster: str | None = None) -> int:
    assert campaign.sign(address, name=address.partition("@")[0].title()).status_code == 303
    with campaign.app.app_context():
        newest = db.session.scalar(select(func.max(Submission.id)))
        held = {"state": SubmissionState.HELD, "held_reason": reason, "held_at": clock.now(), "cluster_id": cluster}
        db.session.execute(update(Submission).where(Submission.id == newest).values(held))
        db.session.commit()
        return int(newest or 0)


def states(app: Flask, ids: list[int]) -> list[str]:
    with app.app_context():
        rows = db.session.scalars(select(Submission.state).where(Submission.id.in_(ids)).order_by(Submission.id))
        return [state.value for state in rows]


def acts(office: Office) -> list[str]:
    return [act for act, _subject in office.acts() if not act.startswith(("case.", "petition.", "tallies."))]


def signal_path(app: Flask, act: str) -> str:
    with app.app_context():
        return f"/office/signals/{db.session.scalar(select(Signal.id))}/{act}"


def test_a_mere_number_is_told_as_what_it_is(app: Flask, office: Office, campaign: Campaign) -> None:
    with app.app_context():
        db.session.execute(update(Signal).values(kind=SignalKind.VELOCITY))
        db.session.commit()
    said = "Very many with an address at mail0.example; nothing else about them is strange"
    assert said in office.get("/office/") and said in office.get("/office/signals")


def test_a_signal_stands_on_the_dashboard_until_it_is_settled(app: Flask, office: Office, campaign: Campaign) -> None:
    assert "Unusually many with an address at mail0.example" in office.get("/office/")
    page = office.get("/office/signals")
    assert "2 signings belong to it" in page and "Confirmed and counted: 2." in page
    assert office.saved(signal_path(app, "settle")) == "/office/signals"
    assert "mail0.example" not in office.get("/office/") and "Settled by" in office.get("/office/signals")
    answer = office.post(signal_path(app, "settle"))
    assert answer.status_code == 303 and "Somebody else has settled" in office.get("/office/signals")
    assert acts(office) == ["signal.settled"]


def test_one_click_prepares_the_invalidation_of_a_waves_confirmed_ones(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    page = office.saved(signal_path(app, "invalidate"))
    office.ask_for_names(campaign.id, "invalidations")
    shown = office.get(page)
    assert "2 signatures match" in shown and shown.count("Person A") == 2 and "Person B" not in shown
    assert campaign.count() == 4
    again = office.post(f"{page}/start", reason=" ")
    assert again.status_code == 422 and "Write why" in again.text
    office.saved(f"{page}/start", reason="One machine made them.")
    assert "0 signatures are taken out" in office.get(page)
    assert campaign.count() == 2
    done = office.get(page)
    assert "2 signatures are taken out" in done and "One machine made them." in done
    assert "mail0.example" not in office.get("/office/")
    office.saved(f"{page}/undo")
    assert campaign.count() == 4 and "Everybody who had not withdrawn" in office.get(page)
    assert acts(office) == [
        "invalidation.prepared", "names.shown", "invalidation.started", "signal.settled", "invalidation.done",
        "invalidation.undoing", "invalidation.undone",
    ]  # fmt: skip


def test_no_wave_lets_its_held_ones_go(app: Flask, office: Office, campaign: Campaign) -> None:
    row = hold(campaign, "next@mail0.example", HeldReason.WAVE, CLUSTER)
    office.saved(signal_path(app, "dismiss"))
    assert "1 held signature goes on its way" in office.get("/office/signals")
    campaign.work()
    assert states(app, [row]) == ["mailed"]


def test_a_condition_by_form_shows_a_preview_and_changes_nothing(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    form = f"/office/petitions/{campaign.id}/invalidations/new"
    assert "qr-poster" in office.get(form) and "mail0.example" in office.get(form)
    page = office.saved(form, domain="someone@MAIL1.example", name="person ?", since="2020-01-01T00:00")
    office.ask_for_names(campaign.id, "invalidations")
    shown = office.get(page)
    assert "2 signatures match" in shown and "Person B" in shown and "@mail1" not in shown.split("The latest")[1]
    assert "mail1.example" in shown and "Central European" in shown
    office.saved(f"{page}/cancel")
    assert campaign.count() == 4 and "Stopped" in office.get(page)
    listed = office.get(f"/office/petitions/{campaign.id}/invalidations")
    assert page in listed
    late = office.post(f"{page}/start", reason="Too late.")
    assert late.status_code == 303 and "gone on meanwhile" in office.get(page) and campaign.count() == 4


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Fill in at least one field"), ({"name": "  "}, "Fill in at least one field"),
        ({"name": "*"}, "these alone match everybody"), ({"domain": "*.*"}, "these alone match everybody"),
        ({"family": "nobody"}, "Write one whole address"), ({"country": "XX"}, "Choose one from the list."),
        ({"since": "2026-05-02T10:00", "until": "2026-05-01T10:00"}, "Choose an end after the beginning."),
        ({"since": "yesterday"}, "Write date and time"), ({"cluster": "unknown", "name": "A"}, "Choose one from the list."),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_is_said_and_kept(
    app: Flask, office: Office, campaign: Campaign, fields: dict[str, str], sentence: str
) -> None:
    answer = office.post(f"/office/petitions/{campaign.id}/invalidations/new", **fields)
    assert answer.status_code == 422 and sentence in answer.text
    if fields.get("family"):
        assert 'value="nobody"' in answer.text
    with app.app_context():
        assert db.session.scalar(select(func.count(Invalidation.id))) == 0


def test_the_held_queue_is_judged_by_group_and_by_row(app: Flask, office: Office, campaign: Campaign) -> None:
    ids = [
        hold(campaign, "one@example.org", HeldReason.WAVE, CLUSTER), hold(campaign, "two@example.org", HeldReason.WAVE),
        hold(campaign, "three@example.org", HeldReason.DISPOSABLE), hold(campaign, "never@example.org", HeldReason.SUPPRESSED),
    ]  # fmt: skip
    page = f"/office/petitions/{campaign.id}/held"
    shown = office.get(page)
    assert "t…@example.org" in shown and "three@" not in shown and "Never" not in shown
    assert "Two" not in office.get(f"{page}?cluster={CLUSTER}") and page in office.get("/office/")
    nothing = office.post(page, act="release")
    assert nothing.status_code == 422 and "Tick those that you mean first." in nothing.text
    assert office.post(page, reason="wave").status_code == 422
    office.saved(page, act="discard", reason="disposable", why="spam")
    office.saved(page, act="release", ids=[str(ids[1]), str(ids[3])])
    assert "1 signature goes on its way" in office.get(page)
    campaign.work()
    assert states(app, ids) == ["held", "mailed", "discarded", "held"]
    assert len(campaign.mails("two@example.org")) == 1


def test_of_a_closed_petition_nobody_is_let_go(app: Flask, office: Office, campaign: Campaign) -> None:
    row = hold(campaign, "one@example.org", HeldReason.WAVE)
    with app.app_context():
        db.session.execute(update(Petition).values(state="closed", closes_at=clock.now() - timedelta(days=3)))
        db.session.commit()
    page = f"/office/petitions/{campaign.id}/held"
    assert "Let all go" not in office.get(page)
    answer = office.post(page, act="release", ids=[str(row)])
    assert answer.status_code == 422 and "can only be discarded" in answer.text and states(app, [row]) == ["held"]


def test_another_petitions_invalidation_is_not_found(app: Flask, office: Office, campaign: Campaign) -> None:
    page = office.saved(f"/office/petitions/{campaign.id}/invalidations/new", country="IE")
    other = make_campaign(app)
    foreign = re.sub(r"petitions/\d+", f"petitions/{other.id}", page)
    assert office.client.get(foreign).status_code == 404
    for act, fields in (("start", {"reason": "x"}), ("cancel", {}), ("undo", {})):
        assert office.post(f"{foreign}/{act}", **fields).status_code == 404  # type: ignore[arg-type]
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Signature.state == SignatureState.INVALIDATED)) == 0


def test_names_in_a_sample_are_text(app: Flask, office: Office, campaign: Campaign) -> None:
    evil: dict[str, Any] = {"name": "<svg onload=alert(1)> {{7*7}} Eve"}
    campaign.signed("eve@evil.example", **evil)
    page = office.saved(f"/office/petitions/{campaign.id}/invalidations/new", domain="evil.example")
    office.ask_for_names(campaign.id, "invalidations")
    shown = office.client.get(page).text
    assert "<svg onload" not in shown and "{{7*7}}" in shown
