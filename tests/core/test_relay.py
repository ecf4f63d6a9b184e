"""The relay: what the provider lets through, in what order, when the queue clears, and the breaker; over a real SMTP server."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import func, select

from core import clock, mail, relay, switches
from core.audit import AuditEntry
from core.db import db
from core.jobs import Job, enqueue
from core.relay import AFTERWARDS, CONFIRMATION, REMINDER, TO_ORGANISERS, UPDATE, MailHour
from core.vault import SITE, vault
from core.worker import Worker
from tests.core.smtp import Server, receiving

NOON = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)


@dataclass
class Relay:
    """An app that mails through a server of the test, at a time of the test."""

    app: Flask
    server: Server
    time: Any

    def turn(self, **values: Any) -> None:
        with self.app.app_context():
            switches.turn(actor="test", **values)
            db.session.commit()
            switches.forget()

    def promise(self, count: int, name: str = "mail", **how: Any) -> None:
        with self.app.app_context():
            vault().prepare(SITE)
            before = db.session.scalar(select(func.count()).select_from(Job)) or 0
            for number in range(count):
                to = f"{name}{number}@example.org"
                mail.promise("plain", to=to, key=f"{name}:{before + number}", context={"name": name}, **how)
            db.session.commit()

    def work(self) -> int:
        with self.app.app_context():
            return Worker({"mail": mail.deliver, "other": lambda job: None, "alarm": lambda job: None}, ()).drain()

    def sent(self) -> list[str]:
        return [str(message["Subject"]) for message in self.server.inbox.mails()]

    def backlog(self, place: int | None = None) -> relay.Backlog:
        with self.app.app_context():
            return relay.backlog(place)


@pytest.fixture
def post(app: Flask) -> Iterator[Relay]:
    loader = app.jinja_env.loader
    app.jinja_env.loader = ChoiceLoader([DictLoader({"emails/plain.txt": "Subject: {{ name }}\n\nText\n"}), loader])
    with receiving(app) as server, time_machine.travel(NOON, tick=False) as now:
        yield Relay(app, server, now)
    app.jinja_env.loader = loader


def test_without_limits_everything_goes(post: Relay) -> None:
    post.promise(30)
    assert post.work() == 30
    assert post.backlog() == relay.Backlog(0, mailing=True, limited=False, clears_at=None)


def test_an_hour_holds_what_the_provider_takes_and_a_part_is_kept_back(post: Relay) -> None:
    post.turn(mails_an_hour=20)
    post.promise(50)
    post.work()
    assert len(post.sent()) == 19, "one in twenty waits for what must not wait"
    post.promise(2, "login", essential=True)
    post.work()
    assert post.sent()[19:] == ["login"], "the provider's limit holds for those as well"
    post.time.shift(timedelta(minutes=39))
    post.work()
    assert len(post.sent()) == 20
    post.time.shift(timedelta(minutes=1))
    post.work()
    assert post.sent()[20] == "login" and len(post.sent()) == 39


def test_no_day_holds_more_than_the_provider_takes(post: Relay) -> None:
    post.turn(mails_a_day=20)
    post.promise(80)
    sent_at: list[datetime] = []
    post.work()
    sent_at += [NOON] * len(post.sent())
    post.time.move_to(clock.to_hour(NOON))  # an hour's later part is not its whole
    post.time.shift(timedelta(hours=1))
    for _ in range(24 * 3):
        post.work()
        sent_at += [clock.now()] * (len(post.sent()) - len(sent_at))
        post.time.shift(timedelta(hours=1))
    assert len(sent_at) == 57
    for moment in sent_at:
        assert sum(moment <= other < moment + timedelta(hours=24) for other in sent_at) <= 19


def test_while_no_mail_may_go_other_jobs_do(post: Relay) -> None:
    post.turn(mails_an_hour=0)
    post.promise(5, essential=True)
    with post.app.app_context():
        enqueue("other", priority=50)
        db.session.commit()
    assert post.work() == 1
    assert post.sent() == []


def test_confirmations_go_before_reminders_and_those_before_updates(post: Relay) -> None:
    places = {"update": UPDATE, "reminder": REMINDER, "afterwards": AFTERWARDS, "confirm": CONFIRMATION}
    for name, place in places.items():
        post.promise(2, name, priority=place)
    post.promise(2, "receipt", essential=True)
    post.work()
    expected = ["receipt", "confirm", "afterwards", "reminder", "update"]
    assert post.sent() == [name for name in expected for _ in range(2)]


def test_mailing_off_lets_only_those_through_that_tell_organisers(post: Relay) -> None:
    post.turn(mailing=False)
    post.promise(3)
    post.promise(1, "receipt", essential=True)
    post.promise(1, "alarm", essential=True, priority=TO_ORGANISERS)
    post.work()
    assert post.sent() == ["alarm"]
    assert post.backlog().mailing is False and post.backlog().waiting == 4
    post.turn(mailing=True)
    post.work()
    assert post.sent() == ["alarm", "receipt", "mail", "mail", "mail"]


@pytest.mark.parametrize(
    ("hourly", "daily", "waiting", "hours"),
    [(20, None, 10, 0), (20, None, 100, 5), (None, 20, 40, 50), (20, 60, 100, 27)],
)
def test_the_backlog_tells_when_the_queue_has_gone(
    post: Relay, hourly: int | None, daily: int | None, waiting: int, hours: int
) -> None:
    post.turn(mails_an_hour=hourly, mails_a_day=daily)
    post.promise(waiting)
    told = post.backlog()
    assert told.waiting == waiting and told.limited
    assert told.clears_at == max(NOON, clock.to_hour(NOON) + timedelta(hours=hours))
    while len(post.server.inbox.received) < waiting:
        assert clock.now() <= told.clears_at
        post.work()
        post.time.shift(timedelta(minutes=20))


def test_only_what_stands_before_a_confirmation_delays_one(post: Relay) -> None:
    post.turn(mails_an_hour=20)
    post.promise(100, "update", priority=UPDATE)
    assert post.backlog(CONFIRMATION).delay == timedelta(0)
    assert post.backlog().delay > timedelta(hours=4)


def test_too_many_dead_mailboxes_stop_mailing_and_tell_the_organisers(post: Relay) -> None:
    post.promise(60)
    post.server.inbox.rcpt_answers = ["550 unknown"] * 6
    post.work()
    assert len(post.sent()) == 54, "one in ten is not more than one in ten, and the first fifty may be chance"
    post.promise(10)
    post.server.inbox.rcpt_answers = ["550 unknown"]
    post.work()
    with post.app.app_context():
        assert switches.switches().mailing is False
        alarm = db.session.scalars(select(Job).where(Job.kind == "alarm")).one()
        turned = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "switch.turned")).one()
        hour = db.session.scalars(select(MailHour)).one()
    assert alarm.args == {"kind": "mail-refused", "detail": {"refused": 7, "of": 61}}
    assert (turned.actor, turned.subject, turned.detail) == ("system", "mailing", {"value": False})
    assert (hour.sent, hour.refused) == (54, 7)
    assert len(post.sent()) == 54, "the rest waits"


def test_an_organiser_who_turns_mailing_on_again_is_believed_for_an_hour(post: Relay) -> None:
    test_too_many_dead_mailboxes_stop_mailing_and_tell_the_organisers(post)
    post.turn(mailing=True)
    post.server.inbox.rcpt_answers = ["550 unknown"] * 5
    post.work()
    with post.app.app_context():
        assert switches.switches().mailing is True
    post.time.shift(timedelta(hours=1))
    post.promise(60)
    post.server.inbox.rcpt_answers = ["550 unknown"] * 60
    post.work()
    with post.app.app_context():
        assert switches.switches().mailing is False


def test_fewer_than_fifty_break_nothing(post: Relay) -> None:
    post.promise(49)
    post.server.inbox.rcpt_answers = ["550 unknown"] * 49
    post.work()
    with post.app.app_context():
        assert switches.switches().mailing is True
