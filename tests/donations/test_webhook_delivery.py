"""Events that come twice, at once, or at a bad moment. Numbers are those of the list of cases that must hold."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, text

from core.db import db
from donations import handlers, services
from donations.models import Outcome, PaymentStatus
from donations.stripe_gateway import Event
from tests.donations.conftest import World, sibling
from tests.donations.events import completed, invoice_paid, send, signed
from tests.donations.events import event as make_event

ROOT = Path(__file__).parents[2]
DIE_AFTER_COMMIT = """
import os, sys
from sqlalchemy import event
from app import create_app
from core.db import db
app = create_app()
with app.app_context():
    event.listen(db.session, "after_commit", lambda session: os._exit(9))
headers = {"Stripe-Signature": sys.argv[1], "Content-Type": "application/json"}
app.test_client().post("/stripe/webhook", data=sys.stdin.buffer.read(), headers=headers)
"""


def test_15_the_same_event_again_has_one_effect_and_one_mail(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    body = completed(gift)
    assert [send(client, body).status_code for _ in range(3)] == [200, 200, 200]
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1
    assert send(client, body).status_code == 200
    assert len(world.mails()) == 1


def test_16_twenty_at_once_have_one_effect(app: Flask, world: World) -> None:
    gift = world.gift()
    body = completed(gift)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: send(app.test_client(), body).status_code, range(20)))
    assert answers == [200] * 20
    assert world.outcomes() == ["applied"]
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1


def test_16_twenty_different_events_of_one_payment_at_once_have_one_effect(app: Flask, world: World) -> None:
    gift = world.gift(frequency="monthly")
    bodies = [completed(gift) if number % 2 else invoice_paid(gift) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda body: send(app.test_client(), body).status_code, bodies))
    assert answers == [200] * 20
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1


def test_17_two_events_of_one_payment_are_one_payment(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    assert send(client, completed(gift)).status_code == 200
    assert send(client, completed(gift)).status_code == 200
    assert world.outcomes() == ["applied", "applied"]
    assert len(world.payments()) == 1
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1


@contextmanager
def lock(app: Flask, table: str) -> Iterator[None]:
    """Another process writes and does not end; on PostgreSQL to one table, on SQLite to all."""
    url = app.config["UNDERSIGNED"].database_url
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
        connection.close()
        return
    engine = create_engine(url)
    with engine.connect() as other:
        other.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
        other.rollback()
    engine.dispose()


def make_impatient(app: Flask) -> None:
    """The app's connections wait a fifth of a second for a lock."""
    with app.app_context():
        engine = db.engine

    @event.listens_for(engine, "connect")
    def shorten(connection, record) -> None:  # type: ignore[no-untyped-def]
        if engine.dialect.name == "sqlite":
            connection.execute("PRAGMA busy_timeout=200")
        else:
            connection.execute("SET lock_timeout = '200ms'")
            connection.commit()


@pytest.mark.parametrize("table", ["stripe_events", "payments", "jobs"])
def test_18_a_locked_database_is_5xx_half_writes_nothing_and_the_retry_succeeds(
    app: Flask, world: World, table: str
) -> None:
    gift = world.gift()
    body = completed(gift)
    impatient = sibling(app)
    make_impatient(impatient)
    with lock(app, table):
        assert send(impatient.test_client(), body).status_code == 503
    assert world.outcomes() == []
    assert world.payments() == []
    assert world.progress(gift) == "confirming"
    assert send(impatient.test_client(), body).status_code == 200
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1


def test_18_a_database_that_is_down_is_5xx(app: Flask, world: World, tmp_path: Path) -> None:
    body = completed(world.gift())
    away = f"sqlite:///{tmp_path}/gone/site.sqlite3"
    if app.config["UNDERSIGNED"].database_url.startswith("postgresql"):
        away = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"
    assert send(sibling(app, DATABASE_URL=away).test_client(), body).status_code == 503
    assert world.outcomes() == []


def test_19_a_handler_that_raises_is_500_and_nothing_stays(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift = world.gift()

    def write_then_fail(event: Event) -> Outcome:
        donation = services.donation_of_session(gift.session_id, None)
        services.record_payment(donation, "pi_1", status=PaymentStatus.PAID, at=event.created_at)
        raise RuntimeError("after writing")

    monkeypatch.setitem(handlers.HANDLERS, "test.failing", write_then_fail)
    body = make_event("test.failing", {"id": "x"})
    assert send(client, body).status_code == 500
    assert world.outcomes() == []
    assert world.payments() == []
    assert world.mails() == []
    monkeypatch.setitem(handlers.HANDLERS, "test.failing", lambda event: Outcome.APPLIED)
    assert send(client, body).status_code == 200
    assert world.outcomes() == ["applied"]


def test_20_a_crash_after_the_commit_is_answered_200_on_retry_without_a_second_effect(
    app: Flask, client: FlaskClient, world: World
) -> None:
    gift = world.gift()
    body = completed(gift)
    settings = app.config["UNDERSIGNED"]
    given = {
        "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key,
        "OFFICE_SECRET_KEY": str(settings.office_secret_key), "SERVER_URL": settings.server_url,
        "STRIPE_SECRET_KEY": str(settings.stripe_secret_key),
        "STRIPE_WEBHOOK_SECRETS": settings.stripe_webhook_secrets[0],
    }  # fmt: skip
    raw = json.dumps(body)
    process = subprocess.run(
        [sys.executable, "-c", DIE_AFTER_COMMIT, signed(raw)],
        input=raw.encode(), cwd=ROOT, env={**os.environ, **given}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert process.returncode == 9, process.stderr.decode()
    assert world.outcomes() == ["applied"]
    assert send(client, body).status_code == 200
    assert world.outcomes() == ["applied"]
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1


def test_21_with_the_mail_server_down_the_answer_is_200_and_the_mail_waits(app: Flask, world: World) -> None:
    gift = world.gift()
    down = sibling(app, SMTP_URL="smtp://127.0.0.1:9")
    assert send(down.test_client(), completed(gift)).status_code == 200
    assert World(down).mails() == []
    with app.app_context():
        db.session.execute(text("UPDATE jobs SET run_at = created_at"))  # as if the delay were over
        db.session.commit()
    assert len(world.mails()) == 1


def test_23_a_donor_who_is_back_before_the_webhook_reads_confirming(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    page = client.get("/donations/thanks", query_string={"session_id": gift.session_id, "payment_status": "paid"})
    assert page.status_code == 200
    assert "we are confirming your gift" in page.text
    assert world.payments() == []
    assert world.raised(gift) == {}
    send(client, completed(gift))
    page = client.get("/donations/thanks", query_string={"session_id": gift.session_id})
    assert "your gift has arrived" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_24_a_session_id_shows_nobodys_data(client: FlaskClient, world: World) -> None:
    gift = world.gift(minor=4321)
    send(client, completed(gift))
    own = client.get("/donations/thanks", query_string={"session_id": gift.session_id}).text
    for private in ("Dana", "donor@example.org", "43.21", "Media fund"):
        assert private not in own
    for foreign in ("cs_test_unknown", "", "\0", "%", "x" * 9000, "cs_'; --"):
        page = client.get("/donations/thanks", query_string={"session_id": foreign})
        assert page.status_code == 200
        assert "This page knows nothing more" in page.text
