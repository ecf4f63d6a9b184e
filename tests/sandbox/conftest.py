"""A served sandbox, a real Stripe client before it and a real webhook address behind it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from sandbox import create_sandbox
from sandbox.deliveries import deliver_due
from sandbox.server import RunningSandbox, listen

SECRET = "whsec_of_the_tests"
KEY = "sk_test_12345"


class Receiver(ThreadingHTTPServer):
    """A webhook address that keeps what it gets and answers with `statuses`, then 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.received: list[tuple[bytes, str]] = []
        self.statuses: list[int] = []
        self.arrived = threading.Condition()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.received]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def wait_for(self, count: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, timeout=10)


class _Keep(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        with self.server.arrived:
            self.server.received.append((body, self.headers["Stripe-Signature"]))
            self.server.arrived.notify_all()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Bench:
    """One sandbox at work, and what a test does to it."""

    def __init__(self, database: Path, receiver: Receiver, *, deliver: bool = False) -> None:
        self.ahead = 0.0  # seconds that the sandbox's clock is before ours
        self.receiver, self.secret = receiver, SECRET
        listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.app = create_sandbox(
            database, receiver.url, SECRET, self.url, pause_factor=0.01, clock=lambda: time.time() + self.ahead
        )
        self.running = RunningSandbox(self.app, listening, deliver=deliver)
        self.store = self.running.sandbox.store
        self.client = self.client_with(KEY)

    def client_with(self, key: str) -> stripe.StripeClient:
        return stripe.StripeClient(
            key,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=10),
            base_addresses={"api": self.url},
        )

    def deliver(self, *, later: float = 0.0) -> int:
        """Try what is due so many seconds from now."""
        return deliver_due(self.store, self.running.sandbox.courier, self.store.clock() + later)

    def open_session(self, **changes: Any) -> dict[str, Any]:
        """A one-off session as the site makes it; None takes a parameter away."""
        params = {**payment(), **changes}
        asked = {name: value for name, value in params.items() if value is not None}
        return self.client.v1.checkout.sessions.create(asked).to_dict()  # type: ignore[arg-type]

    def open_patronage(self, interval: str = "month", **changes: Any) -> dict[str, Any]:
        """A monthly session."""
        lines = payment()["line_items"]
        lines[0]["price_data"]["recurring"] = {"interval": interval}
        monthly = {
            "mode": "subscription",
            "line_items": lines,
            "payment_intent_data": None,
            "submit_type": None,
            "subscription_data": {"metadata": {"donation": "d-1"}},
        }
        return self.open_session(**{**monthly, **changes})

    def press(self, session: dict[str, Any], button: str) -> requests.Response:
        """A button of the pay page."""
        address = f"{self.url}/c/pay/{session['id']}/{button}"
        return requests.post(address, allow_redirects=False, timeout=10)

    def drive(self, kind: str, object_id: str, button: str) -> requests.Response:
        """A button of the driving page."""
        address = f"{self.url}/drive/{kind}/{object_id}/{button}"
        return requests.post(address, allow_redirects=False, timeout=10)

    def post(self, path: str) -> requests.Response:
        """A button of any page."""
        return requests.post(self.url + path, allow_redirects=False, timeout=10)

    def events_of(self, act: Callable[[], object]) -> list[str]:
        """What happened because of an act."""
        before = len(self.event_types())
        act()
        return self.event_types()[before:]

    def paid_charge(self, **changes: Any) -> dict[str, Any]:
        """The charge of a gift that was paid by card."""
        session = self.open_session(**changes)
        self.press(session, "pay")
        return self.charge_of(session)

    def charge_of(self, session: dict[str, Any]) -> dict[str, Any]:
        """The latest charge of a one-off session."""
        return self.session(session, expand=["payment_intent.latest_charge"])["payment_intent"]["latest_charge"]

    def look(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def session(self, session: dict[str, Any], **params: Any) -> dict[str, Any]:
        """The session as it now is."""
        return self.client.v1.checkout.sessions.retrieve(session["id"], params or None).to_dict()  # type: ignore[arg-type]

    def event_types(self) -> list[str]:
        """All events, oldest first."""
        return [event.type for event in self.client.v1.events.list({"limit": 100}).data][::-1]


def payment() -> dict[str, Any]:
    """The parameters of a one-off gift of 25 euros."""
    product = {"name": "Donation"}
    return {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [
            {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 2500, "product_data": product}}
        ],
        "success_url": "http://127.0.0.1:9/thanks?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/cancelled",
        "client_reference_id": "d-1",
        "customer_email": "donor@example.org",
        "metadata": {"donation": "d-1"},
        "payment_intent_data": {
            "metadata": {"donation": "d-1"},
            "description": "Donation",
            "statement_descriptor_suffix": "DONATION",
        },
        "submit_type": "donate",
        "locale": "de",
        "adaptive_pricing": {"enabled": False},
    }


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def bench(tmp_path: Path, receiver: Receiver) -> Iterator[Bench]:
    """A sandbox that delivers only when the test says so."""
    bench = Bench(tmp_path / "sandbox.sqlite3", receiver)
    with bench.running:
        yield bench


@pytest.fixture
def start_bench(tmp_path: Path, receiver: Receiver) -> Callable[..., Bench]:
    """Makes sandboxes on one and the same file; the test enters `bench.running` itself."""
    return lambda **how: Bench(tmp_path / "sandbox.sqlite3", receiver, **how)
