"""Webhooks: signed as Stripe signs them and sent again, with longer and longer pauses, until a 2xx comes back."""

import hashlib
import hmac
import json
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from blinker import Signal

from . import switches
from .jsons import Json
from .store import Ledger, Store

PAUSES = (0.5, 1, 2, 5, 15, 60, 300, 900, 3600)  # seconds after the first, second … failure; then the last again
GIVE_UP_AFTER = 3 * 24 * 60 * 60  # seconds; Stripe tries for three days
CONNECT_TIMEOUT, READ_TIMEOUT = 5, 10

log = logging.getLogger(__name__)
sending = Signal("An event goes out now; `event` is its body.")


@dataclass
class Courier:
    """Who brings events to the webhook address; `pause_factor` shortens the pauses in tests."""

    url: str
    secret: str
    pause_factor: float = 1.0
    clock: Callable[[], float] = time.time
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pause_after(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return PAUSES[min(failures, len(PAUSES)) - 1] * self.pause_factor


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header for a body. Source: Stripe's webhook documentation, scheme v1."""
    signed = f"{timestamp}.".encode() + body
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def deliver_due(store: Store, courier: Courier, now: float) -> int:
    """Try every delivery that is due by `now` once, oldest first; gives the number of attempts."""
    attempts = 0
    with courier.lock:  # a delivery is never under way twice in one process
        rows, weather = _due(store, now)
        for row in rows[: weather["drop"]]:
            _lose(store, row["event"])
        for row in rows[weather["drop"] :]:
            status, problem = _post(courier, row["body"])
            with store.writing() as ledger:
                _note(ledger, courier, row, status, problem, now)
            for _ in range(weather["repeat"] - 1):
                _post(courier, row["body"])
            attempts += weather["repeat"]
    return attempts


def next_due(store: Store) -> float | None:
    """When the next delivery is due, or None while nothing waits or webhooks are held."""
    with store.reading() as ledger:
        if switches.state(ledger)["hold"]:
            return None
        row = ledger.connection.execute("SELECT min(next_attempt) AS due FROM deliveries").fetchone()
        return row["due"]


def send_again(ledger: Ledger, event_id: str) -> None:
    """Make an event due at once, delivered or not."""
    ledger.get("event", event_id)
    ledger.connection.execute(
        "UPDATE deliveries SET delivered = NULL, failures = 0, next_attempt = ? WHERE event = ?",
        (ledger.clock, event_id),
    )


def _due(store: Store, now: float) -> tuple[list[Json], dict[str, int]]:
    with store.reading() as ledger:
        weather = switches.state(ledger)
        if weather["hold"]:
            return [], weather
        found = ledger.connection.execute(
            "SELECT event, failures, body FROM deliveries JOIN objects ON objects.id = deliveries.event"
            " WHERE next_attempt <= ? ORDER BY deliveries.seq",
            (now,),
        )
        rows = [dict(row) for row in found]
    if weather["shuffle"]:
        random.shuffle(rows)
    return rows, weather


def _lose(store: Store, event_id: str) -> None:
    """One event less that is to get lost: it never comes, and Stripe thinks no more of it."""
    with store.writing() as ledger:
        switches.turn(ledger, "drop", max(0, switches.state(ledger)["drop"] - 1))
        ledger.connection.execute(
            "UPDATE deliveries SET next_attempt = NULL, last_error = 'lost' WHERE event = ?", (event_id,)
        )


def _post(courier: Courier, stored: str) -> tuple[int | None, str | None]:
    event = json.loads(stored)
    sending.send(courier, event=event)
    body = json.dumps(event, indent=2, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(body, courier.secret, int(courier.clock())),
        "User-Agent": "Stripe-Sandbox/1.0",
    }
    session = requests.Session()
    session.trust_env = False  # a proxy from the environment has no business with loopback
    try:
        with session.post(
            courier.url,
            data=body,
            headers=headers,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
        ) as answer:
            return answer.status_code, None
    except requests.RequestException as error:
        return None, type(error).__name__
    finally:
        session.close()


def _note(ledger: Ledger, courier: Courier, row: Json, status: int | None, problem: str | None, now: float) -> None:
    delivered = status is not None and 200 <= status < 300
    failures = 0 if delivered else row["failures"] + 1
    created = json.loads(row["body"])["created"]
    given_up = not delivered and now > created + GIVE_UP_AFTER
    ledger.connection.execute(
        "UPDATE deliveries SET attempts = attempts + 1, failures = ?, delivered = ?, next_attempt = ?,"
        " last_status = ?, last_error = ? WHERE event = ?",
        (
            failures,
            ledger.clock if delivered else None,
            None if delivered or given_up else now + courier.pause_after(failures),
            status,
            problem,
            row["event"],
        ),
    )
