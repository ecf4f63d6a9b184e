"""What lies between us and Stripe: a way on which a test decides what waits and what comes back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
from flask import Flask, Response, request

from tests.donations.conftest import served


@dataclass
class Gate:
    """The first POST waits until it is let through, if `holds`; what is asked of a path that has `refused` in it gets a 429."""

    stripe: str
    holds: bool = True
    refused: str = ""
    arrived: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def pass_on(self, path: str) -> Response:
        if self.refused and self.refused in path:
            return Response('{"error": {"type": "invalid_request_error"}}', 429, content_type="application/json")
        if self.holds and request.method == "POST" and not self.arrived.is_set():
            self.arrived.set()
            assert self.open.wait(9)  # its client waits for ten seconds
        headers = {name: value for name, value in request.headers if name != "Host"}
        asked = (request.method, f"{self.stripe}/{path}")
        answer = requests.request(
            *asked, params=request.query_string, data=request.get_data(), headers=headers, timeout=9
        )
        return Response(answer.content, answer.status_code, content_type=answer.headers["Content-Type"])


@contextmanager
def gate_to(stripe: str, *, holds: bool = True, refused: str = "") -> Iterator[tuple[Gate, str]]:
    """The gate, and the address that stands for Stripe's."""
    gate, app = Gate(stripe, holds, refused), Flask("gate")
    app.add_url_rule("/<path:path>", "pass_on", gate.pass_on, methods=["GET", "POST", "DELETE"])
    with served(app) as url:
        yield gate, url
