"""A real site on a loopback port and a real Chromium that visits it.

Without Chromium these tests are skipped with a loud reason; where CI=true they fail."""

import os
import secrets
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
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
from tests.factories import make_case, make_petition

BASE = {
    "SECRET_KEY": secrets.token_urlsafe(48),
    "OFFICE_SECRET_KEY": secrets.token_urlsafe(48),
    "LIMITS": "off",
    "STRIPE_SECRET_KEY": "sk_test_" + "0123456789abcdef" * 2,
    "STRIPE_WEBHOOK_SECRETS": "whsec_" + "t3st" * 8,
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
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    app = create_app({**BASE, "UNDERSIGNED_DATA": str(tmp_path_factory.mktemp("browser")), "SERVER_URL": url})
    with app.app_context():
        upgrade(str(MIGRATIONS))
        ensure_scope(SITE)
        seed_demo()
        db.session.commit()
        _add_the_rest()
    server = make_server("127.0.0.1", port, app, threaded=True, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site = Site(url, app)
    site.sign(PETITION)
    yield site
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
