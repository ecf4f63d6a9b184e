"""Signing while Stripe is silent and donors keep pressing, beside the same donors while it answers at once.

The donors' own pages cost the one interpreter something in both; what a silent Stripe adds is what the ratio shows."""

import http.client
import json
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from urllib.parse import urlencode

from bench.ground import Site
from bench.load import HANGS_AFTER
from bench.measure import Aim, Line, WrongAnswer
from bench.plan import Plan
from bench.signing import sign
from core.tokens import form_token

DONORS = 10  # a second
WORSE = 1.10  # p99 of signing may be so many times what it is while Stripe answers
TOLD_WITHIN = 5000.0  # milliseconds, every donor
BACKLOG = 1024
SETTLES = 1.0  # until what the last load left under way is stored: the next one counts rows
PRESSING = 64  # more than wait at any moment


@dataclass
class Told:
    """What donors were answered, and how long each waited."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


def run(plan: Plan, sites: Mapping[str, Site]) -> list[Line]:
    """Each round starts servers of its own, whose circuit is closed: at the silent Stripe five calls hang, then it opens."""
    with silent_stripe() as silent, answering_stripe() as answering:
        return [line for name, site in sites.items() for line in lines(name, site, plan, silent, answering)]


def lines(name: str, site: Site, plan: Plan, silent: str, answering: str) -> list[Line]:
    deaf, well = (
        replace(site, environment={**site.environment, "STRIPE_API_BASE": url}) for url in (silent, answering)
    )
    alone, told, served = [], Told(), Told()
    while_silent, while_well = [], []
    for number in range(plan.rounds):
        with well.server("serve:web", "/readyz"):
            slowest(well, 1.0, 5 * number)
            alone.append(slowest(well, plan.seconds, 5 * number + 1))
            with pressing(well, served):
                while_well.append(slowest(well, plan.seconds, 5 * number + 2))
        with deaf.server("serve:web", "/readyz"):
            slowest(deaf, 1.0, 5 * number + 3)
            with pressing(deaf, told):
                while_silent.append(slowest(deaf, plan.seconds, 5 * number + 4))
    check(told, 503)
    check(served, 303)
    ratio = median(one / other for one, other in zip(while_silent, while_well, strict=True))
    limit = (median(while_well), "while it answers")
    return [
        Line(f"signing, {name}, p99 without donors", median(alone), "ms"),
        Line(
            f"signing, {name}, p99 while Stripe is silent", median(while_silent), "ms", *limit, ratio,
            Aim("ratio", WORSE, least=False),
        ),
        Line(f"donor told, {name}, longest wait", max(told.waits) * 1000, "ms", aim=Aim("ours", TOLD_WITHIN, least=False)),
    ]  # fmt: skip


def slowest(site: Site, seconds: float, run: int) -> float:
    """The 99th percentile of a load of signers, in milliseconds."""
    outcome = sign(site, seconds=seconds, run=run)
    time.sleep(SETTLES)
    return outcome.p99 * 1000


def check(told: Told, status: int) -> None:
    """Raises WrongAnswer unless every donor was answered so."""
    if set(told.statuses) != {status}:
        raise WrongAnswer(f"donors were answered {dict(told.statuses)} instead of {status}")


@contextmanager
def silent_stripe() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


class Opens(BaseHTTPRequestHandler):
    """Opens a Checkout session for whoever asks, at once."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        mark = secrets.token_hex(8)
        session = {"id": f"cs_test_{mark}", "object": "checkout.session", "url": f"http://127.0.0.1:9/{mark}"}
        body = json.dumps({**session, "expires_at": int(time.time()) + 3600}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def answering_stripe() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Opens) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextmanager
def pressing(site: Site, told: Told) -> Iterator[None]:
    """Donors press ten times a second until the block ends, whether those before them were answered or not."""
    with site.app.test_request_context():
        token = form_token()
    over = threading.Event()
    with ThreadPoolExecutor(PRESSING) as crowd:

        def keep_pressing() -> None:
            while not over.wait(1 / DONORS):
                crowd.submit(press, site.port, token, told)

        pulse = threading.Thread(target=keep_pressing)
        pulse.start()
        try:
            yield
        finally:
            over.set()
            pulse.join()


def press(port: int, token: str, told: Told) -> None:
    """One donor with an address, and so a gift, of their own."""
    body = urlencode(
        {
            "amount": "25", "currency": "EUR", "frequency": "once", "name": "Dana Donor", "token": token,
            "email": f"{secrets.token_hex(6)}@example.org",
        }
    )  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS_AFTER)
    began, status = time.perf_counter(), 0
    try:
        connection.request("POST", "/donate", body, headers)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        status = 0
    finally:
        connection.close()
        told.waits.append(time.perf_counter() - began)
        told.statuses[status] += 1
