"""Making a pack: killed, cancelled, done twice at once, or impossible; whatever happens there is one whole pack, or none."""

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from core import clock
from core.audit import AuditEntry
from core.db import db
from core.jobs import Job, run_pending
from core.vault import vault
from core.worker import Worker
from deliveries import asking
from deliveries.models import Delivery, DeliveryFile, LinePart
from deliveries.packs import failures, progress
from deliveries.states import DeliveryState, Protection
from petitions.models import Petition, Signature
from tests.core.conftest import at_once
from tests.deliveries.papers import UNDRAWN
from tests.deliveries.world import ORGANISER, ask, environment, fetched, kept_files, opened, row
from tests.petitions.conftest import Campaign, make_campaign

HERE = Path(__file__).parent.parent.parent
DIES = """
import os, signal, sys
from sqlalchemy import Engine, event
from app import create_app
from core import slow_jobs

@event.listens_for(Engine, "before_cursor_execute")
def die(connection, cursor, statement, parameters, context, many):
    if sys.argv[1] in f"{statement} {parameters}":
        os.kill(os.getpid(), signal.SIGKILL)

app = create_app()
with app.app_context():
    slow_jobs.run_all(app.extensions["jobs"].handlers)
"""


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", name="Ada Example")
    campaign.signed("ben@example.org", name="Ben Example")
    return campaign


def killed_at(app: Flask, moment: str) -> int:
    """Runs the slow jobs in a process that is killed (-9) when it sends this to the database; how it ended."""
    with app.app_context():
        db.session.execute(
            update(Job).values(lease_until=clock.now() - timedelta(seconds=1)).where(Job.state == "running")
        )
        db.session.commit()
    return subprocess.run([sys.executable, "-c", DIES, moment], cwd=HERE, env=environment(app)).returncode


def taken_up(campaign: Campaign) -> None:
    """A lease has run out, and a worker takes the job up."""
    with campaign.app.app_context():
        db.session.execute(
            update(Job).values(lease_until=clock.now() - timedelta(seconds=1)).where(Job.state == "running")
        )
        db.session.commit()
    campaign.work()


def acts(app: Flask) -> list[str]:
    with app.app_context():
        entries = select(AuditEntry.act).where(AuditEntry.act.like("delivery.%")).order_by(AuditEntry.id)
        return list(db.session.scalars(entries))


def test_killed_again_and_again_it_becomes_exactly_one_pack(campaign: Campaign) -> None:
    delivery_id = ask(campaign, formats=("csv", "xlsx"))
    for moment in ("'lines'", "'annex'", "INSERT INTO delivery_files", "'delivery.made'"):
        assert killed_at(campaign.app, moment) == -signal.SIGKILL, moment
        found = row(campaign.app, delivery_id)
        assert (found.state, found.manifest, found.files) == (DeliveryState.MAKING, None, []), moment
    assert kept_files(campaign.app) != []
    taken_up(campaign)
    found = row(campaign.app, delivery_id)
    assert found.state == DeliveryState.READY
    pack = opened(fetched(campaign.app, delivery_id))
    assert [cells[1] for cells in pack.lines()] == ["Ada Example", "Ben Example"]
    (left,) = kept_files(campaign.app)
    assert left.startswith(found.public_id) and acts(campaign.app) == ["delivery.asked", "delivery.made"]


def test_who_kills_the_worker_each_time_is_told_in_the_end(campaign: Campaign) -> None:
    delivery_id = ask(campaign)
    assert killed_at(campaign.app, "'log'") == -signal.SIGKILL
    with campaign.app.app_context():  # and so four times more
        db.session.execute(update(Job).values(attempts=5).where(Job.kind == asking.MAKE))
        db.session.commit()
    taken_up(campaign)
    found = row(campaign.app, delivery_id)
    assert (found.state, found.reason, found.blob) == (DeliveryState.FAILED, "unexpected", None)
    assert kept_files(campaign.app) == []


def test_cancelled_after_a_kill_nothing_stays_either(campaign: Campaign) -> None:
    delivery_id = ask(campaign)
    assert killed_at(campaign.app, "'letter'") == -signal.SIGKILL
    with campaign.app.app_context():
        asking.cancel(db.session.get_one(Delivery, delivery_id), actor=ORGANISER)
        db.session.commit()
    assert kept_files(campaign.app) != []
    taken_up(campaign)
    assert row(campaign.app, delivery_id).state == DeliveryState.CANCELLED and kept_files(campaign.app) == []


@contextmanager
def on_stage(app: Flask, stage: str, then: str) -> Iterator[None]:
    """Has the database do something as soon as a delivery's making comes to a stage, as another process would."""
    body = f"BEGIN {then}; END"
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            made = [f"CREATE TRIGGER meanwhile AFTER UPDATE OF stage ON deliveries WHEN NEW.stage = '{stage}' {body}"]
            gone = ["DROP TRIGGER meanwhile"]
        else:
            made = [
                f"CREATE FUNCTION meanwhile() RETURNS trigger AS $$ BEGIN {then}; RETURN NULL; END $$ LANGUAGE plpgsql",
                "CREATE TRIGGER meanwhile AFTER UPDATE OF stage ON deliveries FOR EACH ROW "
                f"WHEN (NEW.stage = '{stage}') EXECUTE FUNCTION meanwhile()",
            ]
            gone = ["DROP TRIGGER meanwhile ON deliveries", "DROP FUNCTION meanwhile"]
        for statement in made:
            db.session.execute(text(statement))
        db.session.commit()
    try:
        yield
    finally:
        with app.app_context():
            for statement in gone:
                db.session.execute(text(statement))
            db.session.commit()


CANCELLED = "UPDATE deliveries SET state = 'cancelled' WHERE state = 'making'"


@pytest.mark.parametrize("stage", ["log", "lines", "letter", "csv", "proofs", "annex", "closing"])
def test_cancelled_at_any_stage_nothing_of_it_stays(
    campaign: Campaign, stage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(progress, "PACE", 0.0)
    delivery_id = ask(campaign, protection=Protection.AGE, age_recipient=AGE_KEY)
    with on_stage(campaign.app, stage, CANCELLED), caplog.at_level(logging.INFO):
        campaign.work()
    assert "was stopped" in caplog.text and "→ ready" not in caplog.text  # on its way, and not at its end
    found = row(campaign.app, delivery_id)
    assert (found.state, found.stage, found.manifest, found.files) == (DeliveryState.CANCELLED, stage, None, [])
    assert kept_files(campaign.app) == []
    with campaign.app.app_context():
        assert db.session.scalar(select(Job.state).where(Job.kind == asking.MAKE)) == "done"
        assert db.session.scalar(select(LinePart.first)) is None


AGE_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def test_a_worker_that_lost_its_lease_leaves_the_pack_to_the_other(campaign: Campaign) -> None:
    delivery_id = ask(campaign)
    another = "UPDATE jobs SET attempts = attempts + 1 WHERE kind = 'deliveries.make'"
    with on_stage(campaign.app, "annex", another):
        campaign.work()
    found = row(campaign.app, delivery_id)
    assert (found.state, found.files) == (DeliveryState.MAKING, [])
    taken_up(campaign)
    assert row(campaign.app, delivery_id).state == DeliveryState.READY
    assert len(kept_files(campaign.app)) == 1 and fetched(campaign.app, delivery_id)


def test_two_workers_make_one_pack(campaign: Campaign) -> None:
    delivery_id = ask(campaign, count_only=True)

    def work(number: int) -> int:
        worker: Worker = campaign.app.extensions["jobs"]
        return run_pending({asking.MAKE: worker.handlers[asking.MAKE]}, lambda moment: (Job.kind == asking.MAKE,))

    assert sorted(at_once(campaign.app, 2, work)) == [0, 1]
    assert len(kept_files(campaign.app)) == 1 and fetched(campaign.app, delivery_id)
    assert acts(campaign.app).count("delivery.made") == 1


@pytest.mark.parametrize("state", [one for one in DeliveryState if one not in ("queued", "making")])
def test_what_is_in_another_state_is_left_alone(campaign: Campaign, state: DeliveryState) -> None:
    delivery_id = ask(campaign, alone=False)
    whole = {"manifest": "{}", "signature": bytes(64), "key_fingerprint": "f", "made_at": clock.now()}
    with campaign.app.app_context():
        db.session.execute(update(Delivery).values(state=state, **whole))
        asking.promise(db.session.get_one(Delivery, delivery_id))
        db.session.commit()
    campaign.work()
    assert row(campaign.app, delivery_id).state == state
    assert kept_files(campaign.app) == []


def fails(campaign: Campaign, **wishes: Any) -> tuple[str, str]:
    """Asks for a delivery that cannot be made: its reason, and what an organiser is told."""
    delivery_id = ask(campaign, **wishes)
    campaign.work()
    found = row(campaign.app, delivery_id)
    assert found.state == DeliveryState.FAILED and found.blob is None and found.files == []
    assert kept_files(campaign.app) == [] and acts(campaign.app)[-1] == "delivery.failed"
    with campaign.app.test_request_context():
        return found.reason, failures.sentence_of(found)


def test_a_row_that_was_changed_stops_the_list_with_a_sentence(campaign: Campaign) -> None:
    with campaign.app.app_context():
        last = select(Signature.id).order_by(Signature.id.desc()).limit(1).scalar_subquery()
        db.session.execute(update(Signature).where(Signature.id == last).values(blob=b"\0" * 256))
        db.session.commit()
    reason, sentence = fails(campaign)
    assert reason == "damaged" and "does not open" in sentence


def test_keys_that_are_elsewhere_are_asked_for(campaign: Campaign) -> None:
    delivery_id = ask(campaign)
    folder: Path = campaign.app.config["UNDERSIGNED"].keystore
    with campaign.app.app_context():
        keys = [folder / f"scope-{key}.json" for key in db.session.scalars(select(Signature.key_id).distinct())]
    for key in keys:
        key.rename(key.with_suffix(".away"))
    with campaign.app.app_context():
        vault().forget()
    try:
        campaign.work()
    finally:
        for key in keys:
            key.with_suffix(".away").rename(key)
    found = row(campaign.app, delivery_id)
    assert (found.state, found.reason) == (DeliveryState.FAILED, "keys")


def test_a_letter_that_no_font_draws_refuses_the_pack_and_says_which(campaign: Campaign) -> None:
    with campaign.app.app_context():
        db.session.execute(update(Petition).values(letter=f"Release {UNDRAWN} them."))
        db.session.commit()
    reason, sentence = fails(campaign)
    assert reason == "glyph U+F3A7C" and "font" in sentence and "U+F3A7C" in sentence


def test_approved_by_another_it_is_made(campaign: Campaign) -> None:
    delivery_id = ask(campaign, alone=False, count_only=True)
    campaign.work()
    assert row(campaign.app, delivery_id).state == DeliveryState.WAITING
    with campaign.app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        with pytest.raises(asking.NeedsAnother):
            asking.approve(found, by=1, actor=ORGANISER)
        asking.approve(found, by=2, actor="oleg@example.org")
        db.session.commit()
    campaign.work()
    assert row(campaign.app, delivery_id).state == DeliveryState.READY
    with campaign.app.app_context():
        assert db.session.scalar(select(DeliveryFile.name).where(DeliveryFile.position == 0)) is not None
