"""Killed in mid-flight: what was acknowledged is there, what was promised is done, and the site is back at once."""

import asyncio
import hashlib
import hmac
import itertools
import json
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from aiosmtpd.controller import Controller
from sqlalchemy import Connection, NullPool, create_engine, text

from app import create_app
from core.tokens import open_query
from tests.conftest import new_postgresql, sqlalchemy_url
from tests.processes.conftest import RunningSite, Start, free_port, until

WEBHOOK_SECRET = "whsec_" + "0123456789abcdefghijklmn"
KILLS = 10
WAITING = "SELECT count(*) FROM jobs WHERE kind = 'mail' AND state <> 'done'"


def ask(site: RunningSite, query: str) -> list[Any]:
    """First column of a query on the site's database, read past the site."""
    with connected(site) as connection:
        return list(connection.execute(text(query)).scalars())


@contextmanager
def connected(site: RunningSite) -> Iterator[Connection]:
    """A transaction on the site's database, whichever it is."""
    uri = site.settings.get("DATABASE_URL") or f"sqlite:///{site.data / 'undersigned.sqlite3'}"
    engine = create_engine(sqlalchemy_url(uri), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def public_ids(site: RunningSite, locations: list[str]) -> set[str]:
    """The submissions that acknowledged answers named, each in its own sealed query."""
    app = create_app({"UNDERSIGNED_DATA": str(site.data), **site.settings})
    with app.app_context():
        tokens = [parse_qs(urlsplit(location).query)["t"][0] for location in locations]
        return {open_query("thanks", token, age=timedelta(hours=1))["submission"] for token in tokens}


def addressees(site: RunningSite) -> list[str]:
    mails = (
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in (site.data / "mail").glob("*.eml")
    )
    return [str(mail["To"]) for mail in mails]


def post_event(site: RunningSite, number: int) -> requests.Response:
    """One signed event of a type that asks nothing of us: it is recorded and acknowledged."""
    moment = int(time.time())
    event = {
        "id": f"evt_drill{number}", "object": "event", "type": "product.created", "created": moment, "livemode": False,
        "api_version": "2026-10-28.endive", "data": {"object": {"id": "prod_drill", "object": "product"}},
    }  # fmt: skip
    body = json.dumps(event).encode()
    mark = hmac.new(WEBHOOK_SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={moment},v1={mark}", "Content-Type": "application/json"}
    return requests.post(
        f"{site.url}/stripe/webhook", data=body, headers={**headers, "Connection": "close"}, timeout=20
    )


class Crowd:
    """Threads that keep doing something, whatever happens to the site, until told to stop."""

    def __init__(self, act: Callable[[int], requests.Response], wanted: int, threads: int, pause: float = 0.0) -> None:
        self.act, self.wanted, self.pause = act, wanted, pause
        self.numbers = itertools.count(1)
        self.answers: list[tuple[int, requests.Response]] = []
        self.failures = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self) -> None:
        while not self.stop.is_set():
            number = next(self.numbers)
            try:
                answer = self.act(number)
            except requests.RequestException:
                self.failures += 1
                self.stop.wait(0.02)
                continue
            if answer.status_code == self.wanted:
                self.answers.append((number, answer))
            self.stop.wait(self.pause)

    def goes_on(self, more: int) -> None:
        """Waits for so many more answers."""
        enough = len(self.answers) + more
        until(lambda: len(self.answers) >= enough, "the crowd goes on")

    def __enter__(self) -> "Crowd":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def mails_go_on(site: RunningSite, more: int) -> None:
    enough = len(addressees(site)) + more
    until(lambda: len(addressees(site)) >= enough, "mails are written")


def forget_leases(site: RunningSite) -> None:
    """A killed worker's job is leased for two more minutes, which this test does not wait for."""
    with connected(site) as connection:
        connection.execute(text("UPDATE jobs SET lease_until = '2000-01-01 00:00:00.000000' WHERE state = 'running'"))


def back_after(site: RunningSite) -> float:
    """Seconds until the web server answers."""
    begun = time.monotonic()

    def answers() -> bool:
        try:
            return requests.get(f"{site.url}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    until(answers, "the web server is back")
    return time.monotonic() - begun


@pytest.fixture(params=["sqlite", "postgresql"])
def busy(request: pytest.FixtureRequest, start: Start, postgresql_uri: str) -> RunningSite:
    """A site on each database in turn, in which every network may act as often as it likes."""
    where = {"DATABASE_URL": new_postgresql(postgresql_uri)} if request.param == "postgresql" else {}
    return start(LIMITS="off", STRIPE_WEBHOOK_SECRETS=WEBHOOK_SECRET, **where).ready()


def test_killing_the_web_server_loses_nothing_acknowledged(busy: RunningSite) -> None:
    token, waits = busy.token(), []
    with (
        Crowd(lambda number: busy.sign(f"p{number}@example.org", token), 303, 3) as signing,
        Crowd(lambda number: post_event(busy, number), 200, 1) as telling,
    ):
        for kill in range(KILLS):
            signing.goes_on(6)
            telling.goes_on(3)
            serving = until(lambda: busy.find("operations.web")[1:], "granian serves")
            (serving[0] if kill % 2 else busy.find("operations.web")[0]).kill()
            waits.append(back_after(busy))
    assert signing.failures, "nobody was interrupted: the drill proves nothing"
    assert min(waits) < 2 or max(waits) < 10, waits
    stored = set(ask(busy, "SELECT public_id FROM submissions"))
    named = public_ids(busy, [answer.headers["Location"] for _, answer in signing.answers])
    assert len(named) == len(signing.answers) >= 6 * KILLS
    assert named <= stored
    events = ask(busy, "SELECT id FROM stripe_events")
    assert {f"evt_drill{number}" for number, _ in telling.answers} <= set(events)
    assert len(events) == len(set(events))


def test_killing_the_worker_loses_no_mail(busy: RunningSite) -> None:
    token = busy.token()
    with Crowd(lambda number: busy.sign(f"p{number}@example.org", token), 303, 2, pause=0.05) as signing:
        for _ in range(4):
            mails_go_on(busy, 4)
            until(lambda: busy.find("jobs", "work"), "a worker works")[0].kill()
    until(lambda: busy.find("jobs", "work"), "a worker works")
    forget_leases(busy)
    states = "SELECT DISTINCT state FROM submissions"
    until(lambda: ask(busy, states) == ["mailed"] and ask(busy, WAITING) == [0], "all is mailed")
    acknowledged = {f"p{number}@example.org" for number, _ in signing.answers}
    assert acknowledged and acknowledged <= set(addressees(busy))
    assert ask(busy, "SELECT count(*) FROM jobs WHERE kind = 'mail'") == ask(busy, "SELECT count(*) FROM submissions")


class Post:
    """An SMTP server's handler that keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.sent.append((envelope.rcpt_tos[0], str(message["Message-ID"])))
        return "250 OK"


def test_signing_goes_on_without_a_mail_server_and_the_mails_follow(start: Start) -> None:
    port = free_port()
    site = start(LIMITS="off", SMTP_URL=f"smtp://127.0.0.1:{port}").ready()
    token = site.token()
    people = {f"p{number}@example.org" for number in range(6)}
    for address in people:
        assert site.sign(address, token).status_code == 303
    failed = "SELECT count(*) FROM jobs WHERE kind = 'mail' AND attempts > 0 AND last_error LIKE 'ConnectionRefused%'"
    until(lambda: ask(site, failed) == [len(people)], "every mail was tried")
    assert ask(site, "SELECT count(*) FROM submissions WHERE state = 'mailed'") == [len(people)]
    post = Post()
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    try:
        until(lambda: ask(site, WAITING) == [0], "the mails have left")
    finally:
        server.stop()
    assert sorted(address for address, _ in post.sent) == sorted(people), "each exactly once"
    assert len({identifier for _, identifier in post.sent}) == len(people)
    assert not (site.data / "mail").exists()


def test_a_worker_told_to_stop_finishes_the_mail_in_hand(start: Start) -> None:
    """SIGTERM comes while the mail server takes its time: the mail is sent once, and not again after the next start."""
    arrived, port = threading.Event(), free_port()

    class Slow(Post):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            arrived.set()
            await asyncio.sleep(1.5)
            return await super().handle_DATA(server, session, envelope)

    post = Slow()
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    try:
        site = start(SMTP_URL=f"smtp://127.0.0.1:{port}").ready()
        assert site.sign("ada@example.org", site.token()).status_code == 303
        assert arrived.wait(30)
        site.send(signal.SIGTERM)
        assert site.ends() == 0
        assert ask(site, "SELECT state FROM jobs WHERE kind = 'mail'") == ["done"]
        assert [address for address, _ in post.sent] == ["ada@example.org"]
    finally:
        server.stop()


def connections(site: RunningSite) -> list[Any]:
    """What is connected to the web server's port."""
    found = (connection for process in site.find("operations.web") for connection in process.net_connections("tcp"))
    return [
        connection for connection in found if connection.status == "ESTABLISHED" and connection.laddr.port == site.port
    ]


def test_a_request_in_hand_is_answered_before_the_site_ends(start: Start) -> None:
    """While the database is locked a signature waits; told to stop, the server still answers it."""
    site = start(LIMITS="off").ready()
    token, answers = site.token(), []
    with closing(sqlite3.connect(site.data / "undersigned.sqlite3", timeout=10, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        waiting = threading.Thread(target=lambda: answers.append(site.sign("ada@example.org", token).status_code))
        waiting.start()
        until(lambda: connections(site), "the signature is on its way")
        site.send(signal.SIGTERM)
        until(lambda: not site.find("-m", "sandbox"), "the others have ended")
        lock.execute("ROLLBACK")
    waiting.join(20)
    assert site.ends() == 0
    assert answers == [303]
    assert ask(site, "SELECT count(*) FROM submissions") == [1]
