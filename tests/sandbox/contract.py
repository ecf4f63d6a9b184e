"""Every sandbox that a test runs in its own process is held to Stripe's OpenAPI file, whatever the test is about.

Imported by tests/conftest.py. What was asked and taken, what was answered, each event that is sent: a breach fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, request, request_finished

from sandbox.deliveries import sending

UNDOCUMENTED = "/v1/payment_pages/"  # the official CLI asks for these; Stripe's file does not name them

breaches: list[str] = []


def _listen_to_request(sender: Flask, response: Response, **_: Any) -> None:
    path = request.path
    if "sandbox" not in sender.extensions or not path.startswith("/v1/") or path.startswith(UNDOCUMENTED):
        return
    from tests.sandbox import openapi  # half a second: only where a sandbox is used

    try:
        if response.status_code < 400:  # a refused request may be as wrong as it likes
            sent = request.form if request.method == "POST" else request.args
            openapi.check_request(request.method, path, sent.items(multi=True))
        openapi.check_answer(request.method, path, response.status_code, response.get_json())
    except openapi.NotStripes as error:
        breaches.append(str(error))


def _listen_to_event(_: Any, event: dict[str, Any]) -> None:
    from tests.sandbox import openapi

    try:
        openapi.check_object(event)
    except openapi.NotStripes as error:
        breaches.append(f"{event.get('type')}: {error}")


request_finished.connect(_listen_to_request)
sending.connect(_listen_to_event)


@pytest.fixture(autouse=True)
def as_stripe_would() -> Iterator[None]:
    """Fails a test in which a sandbox took, said or sent what Stripe would not."""
    yield
    found, breaches[:] = breaches[:], []
    assert not found, "\n".join(found)
