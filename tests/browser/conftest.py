"""A real site on a loopback port and a real Chromium that visits it.

Without Chromium these tests are skipped with a loud reason; where CI=true they fail."""

import os
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from werkzeug.serving import make_server

from app import create_app
from cases.models import Event, EventKind
from core.db import db
from core.tokens import form_token
from core.vault import SITE, ensure_scope
from core.worker import Worker
from operations.demo import PETITION, seed_demo
from petitions import services as petition_services
from petitions.states import PetitionState
from tests.browser.looks import press
from tests.browser.stage import build
from tests.conftest import WEBHOOK_SECRET
from tests.factories import make_case, make_petition
from tests.organisers.conftest import link_path

BASE = {
    "SECRET_KEY": secrets.token_urlsafe(48),
    "OFFICE_SECRET_KEY": secrets.token_urlsafe(48),
    "LIMITS": "off",
    "STRIPE_SECRET_KEY": "sk_test_" + "0123456789abcdef" * 2,
    "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


@dataclass
class Site:
    url: str
    app: Flask

    def work(self) -> None:
        with self.app.app_context():
            worker: Worker = self.app.extensions["jobs"]
            worker.drain()

    def sign(self, slug: str, **fields: str) -> None:
        """Signs by a plain POST, as an HTTP client would."""
        with self.app.test_request_context():
            token = form_token()
        given = {
            "name": "Ada Example",
            "email": "ada@example.org",
            "country": "IE",
            "visibility": "public",
            "token": token,
        }
        answer = self.app.test_client().post(f"/petitions/{slug}/sign", data={**given, **fields})
        assert answer.status_code == 303, answer.text
        self.work()


@dataclass
class Stage:
    """The site on which everything has happened; `keys` are what the paths of its pages are filled with."""

    site: Site
    keys: dict[str, str]

    def path(self, template: str) -> str:
        return template.format(**self.keys)


NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium instead of a downloaded one."""
    if CHROMIUM is None:
        reason = "NO CHROMIUM: the browser tests did not run. apt-get install chromium-headless-shell"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return {
        **browser_type_launch_args, "executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-dev-shm-usage"],
    }  # fmt: skip


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole site on SQLite with the demo case, a closed petition and more than one page of news."""
    with served(tmp_path_factory.mktemp("browser")) as site:
        with site.app.app_context():
            seed_demo()
            db.session.commit()
            _add_the_rest()
        site.sign(PETITION)
        yield site


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A second site, on which everything has happened that a page can show."""
    with served(tmp_path_factory.mktemp("stage")) as site:
        yield Stage(site, build(site.app))


@pytest.fixture(scope="session")
def office(browser: Browser, stage: Stage) -> Iterator[BrowserContext]:
    """A browser in which an organiser has entered the office of the stage, once for all tests."""
    context = browser.new_context(base_url=stage.site.url)
    page = context.new_page()
    page.goto(link_path(stage.site.app))
    press(page, page.get_by_role("main").get_by_role("button"))
    page.close()
    yield context
    context.close()


@contextmanager
def served(folder: Path, host: str = "127.0.0.1") -> Iterator[Site]:
    """An app with an empty database, on a loopback port of its own; its address has the host's name or number."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    url = f"http://{host}:{port}"
    app = create_app({**BASE, "UNDERSIGNED_DATA": str(folder), "SERVER_URL": url})
    with app.app_context():
        upgrade(str(MIGRATIONS))
        ensure_scope(SITE)
        db.session.commit()
    server = make_server("127.0.0.1", port, app, threaded=True, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Site(url, app)
    server.shutdown()
    thread.join()
    listener.close()


def _add_the_rest() -> None:
    case = make_case(slug="news-case")
    first = date(2010, 6, 1)
    case.events.extend(
        Event(kind=EventKind.OTHER, happened_on=first + timedelta(days=n), title=f"Event {n}", source="A source",
              source_url="https://example.org/report") for n in range(25)
    )  # fmt: skip
    closed = make_petition(case, slug="closed-petition")
    petition_services.move(closed, PetitionState.CLOSED)
    db.session.commit()


@pytest.fixture
def listen() -> Iterator[Callable[[Page], Page]]:
    """Listens to a page; at the end its console must have been silent."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        own_status = message.page is not None and message.location["url"] == message.page.url
        if not (own_status and "the server responded with a status of 4" in message.text):  # a 404 page, a 422 form
            said.append(message.text)

    def to(page: Page) -> Page:
        page.on("console", note)
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield to
    assert said == []


@pytest.fixture
def open_page(new_context: NewContext, site: Site, listen: Callable[[Page], Page]) -> Callable[..., Page]:
    """Opens a path of the site in a fresh context."""

    def open_path(path: str, *, width: int = 390, scheme: str = "light", **options: Any) -> Page:
        context = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        page = listen(context.new_page())
        page.goto(site.url + path)
        return page

    return open_path


@pytest.fixture
def visit(new_context: NewContext, stage: Stage, listen: Callable[[Page], Page]) -> Callable[..., Page]:
    """Opens a page of the stage as anybody may who has its link; the path's braces are filled with the stage's keys."""

    def visit(template: str, **options: Any) -> Page:
        page = listen(new_context(base_url=stage.site.url, **options).new_page())
        page.goto(stage.path(template))
        return page

    return visit


@pytest.fixture
def desk(office: BrowserContext, stage: Stage, listen: Callable[[Page], Page]) -> Iterator[Callable[[str], Page]]:
    """Opens a page of the office as the organiser who has entered."""
    page = listen(office.new_page())

    def sit(template: str) -> Page:
        page.goto(stage.path(template))
        return page

    yield sit
    page.close()
