"""Gifts, what came of them as the database says, and a Stripe on loopback."""

import email
import email.policy
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from cases.models import Case
from core import clock
from core.db import db
from core.jobs import Job
from core.money import Money
from core.vault import SITE, vault
from donations import checkout_services, services
from donations.models import Donation, Frequency, Payment, StripeEvent
from donations.own_page import donors, links
from donations.stripe_gateway import Session
from sandbox import create_sandbox, deliveries
from sandbox.server import RunningSandbox, listen
from sandbox.store import Store
from tests.conftest import BASE, WEBHOOK_SECRET, app_for_this_test
from tests.factories import make_case

DONOR = "donor@example.org"


@dataclass(frozen=True)
class Gift:
    """What a test must know of a donation whose session is open."""

    public_id: str
    session_id: str
    case_id: int | None
    slug: str | None
    stripe_minor: int
    currency: str
    frequency: str


@dataclass
class World:
    """The database as a fresh session sees it."""

    app: Flask

    def gift(self, minor: int = 2500, currency: str = "EUR", frequency: str = "once", *, general: bool = False) -> Gift:
        """A donation that waits for its donor on Stripe's page."""
        with self.app.app_context():
            case = None if general else make_case()
            vault().prepare(SITE)
            donation = intend(case, Money(minor, currency), Frequency(frequency))
            session = Session(f"cs_test_{donation.public_id}", "http://127.0.0.1:9/c/pay", clock.now())
            checkout_services.keep_session(donation.public_id, session)
            gift = Gift(
                donation.public_id, session.id, case.id if case else None, case.slug if case else None,
                donation.money.stripe_minor, currency, frequency,
            )  # fmt: skip
            db.session.commit()
            return gift

    def raised(self, gift: Gift) -> dict[str, int]:
        with self.app.app_context():
            return services.raised(gift.case_id)

    def payments(self) -> list[tuple[str, str, int]]:
        with self.app.app_context():
            rows = db.session.scalars(select(Payment).order_by(Payment.id))
            return [(payment.stripe_id, str(payment.status), payment.amount) for payment in rows]

    def outcomes(self) -> list[str]:
        with self.app.app_context():
            return [
                str(outcome) for outcome in db.session.scalars(select(StripeEvent.outcome).order_by(StripeEvent.id))
            ]

    def alarms(self) -> list[str]:
        with self.app.app_context():
            jobs = db.session.scalars(select(Job).where(Job.kind == "alarm").order_by(Job.id))
            return [job.args["kind"] for job in jobs]

    def donations(self) -> list[Donation]:
        with self.app.app_context():
            found = list(db.session.scalars(select(Donation).order_by(Donation.id)))
            db.session.expunge_all()
            return found

    def progress(self, gift: Gift) -> str:
        with self.app.app_context():
            return str(services.progress(gift.session_id))

    def work(self) -> None:
        """Lets the worker do all that is due."""
        with self.app.app_context():
            self.app.extensions["jobs"].drain()

    def mails(self) -> list[EmailMessage]:
        """Works, then the mails to the donor."""
        return self.mails_to(DONOR)

    def mails_to(self, address: str) -> list[EmailMessage]:
        self.work()
        folder: Path = self.app.config["UNDERSIGNED"].mail_folder
        files = sorted(folder.glob("*.eml"))
        read = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
        return [mail for mail in read if mail["To"] == address]

    def page_owner(self, mail: EmailMessage) -> str:
        """Whose own page the link of a mail leads to, by address."""
        (secret,) = re.findall(r"/donations/manage/(\S+)", text_of(mail))
        with self.app.app_context():
            return str(donors.open_person(links.get(secret))["email"])


def text_of(mail: EmailMessage) -> str:
    """The text of a mail, whatever is attached to it."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def intend(case: Case | None, money: Money, frequency: Frequency) -> Donation:
    return checkout_services.intend(
        case, money=money, frequency=frequency, cover_fee=False, name="Dana Donor", email=DONOR, message="",
        show_name=False, language="en", cancel_token="", form_key=secrets.token_bytes(32),
    )  # fmt: skip


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


def sibling(app: Flask, **changes: str) -> Flask:
    """Another process of the same site: same database and keystore, other settings."""
    settings = app.config["UNDERSIGNED"]
    own = {"UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url}
    return app_for_this_test({**BASE, **own, **changes})


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free port of loopback; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Stand:
    """A site whose Stripe is the sandbox; `deliver` brings what webhooks wait."""

    app: Flask
    world: World
    url: str
    deliver: Callable[[], int]
    store: Store


@pytest.fixture
def stand(app: Flask, tmp_path: Path) -> Iterator[Stand]:
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    site = sibling(app, STRIPE_API_BASE=url)
    with served(site) as address:
        stripe_app = create_sandbox(tmp_path / "stripe.sqlite3", f"{address}/stripe/webhook", WEBHOOK_SECRET, url)
        sandbox = stripe_app.extensions["sandbox"]
        with RunningSandbox(stripe_app, listening, deliver=False):
            deliver = lambda: deliveries.deliver_due(sandbox.store, sandbox.courier, sandbox.store.clock())  # noqa: E731
            yield Stand(site, World(site), url, deliver, sandbox.store)
