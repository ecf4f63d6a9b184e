"""The only door to Stripe: opens Checkout sessions and reads signed events."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import requests
import stripe
import urllib3
from flask import current_app

from config import Settings
from core import clock, patience
from donations.guards.circuit import CircuitOpen, TwinUnderWay, stripe_circuit
from donations.orders import Order, parameters

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 4  # seconds, connecting and waiting together; a person waits
JOB_TIMEOUT, JOB_RETRIES = 10, 2
TOLERANCE = timedelta(seconds=300)  # of a webhook's clock, either way
API_VERSION = stripe.api_version  # the one that the library speaks; `flask donations connect` asks Stripe for it
EVENT_ID = re.compile(r"[\w.-]{1,255}", re.ASCII)
EVENT_TYPE = re.compile(r"[a-z0-9_.]{1,100}")


class CheckoutError(Exception):
    """No Checkout session came of a request, or (`asked` is False) none was made; worth another after `retry_after` seconds."""

    asked, full, retry_after = True, False, 60


class StripeAway(CheckoutError):
    """No answer: the request may have arrived, and may be repeated under its key."""


class StripeRefused(CheckoutError):
    """Stripe answered with an error, which it will repeat for this key; the text is Stripe's."""


class StripeHasNone(StripeRefused):
    """Nothing at Stripe has this id (404)."""


class StripeFailing(StripeAway):
    """Stripe answered that the fault is its own (5xx): it may have done what was asked, and repeats this answer for its key."""


class StripeUnwilling(StripeFailing):
    """Stripe is well, and did nothing of what was asked: it does not take our key (401, 403), or so many calls (429).

    That says nothing about the wish, which is worth another try; no reason to let Stripe rest either. The text is Stripe's."""


class StripeResting(CheckoutError):
    """Not asked: Stripe has failed several times in a row, or too many wait for it."""

    asked = False

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class SessionBeingMade(CheckoutError):
    """Another request with the same key is on its way."""


class BadSignature(Exception):
    """Not signed by Stripe with one of our secrets, or at another time than now."""


class BadEvent(Exception):
    """Signed, but not an event that we can read."""


class WrongMode(Exception):
    """A test event at a live site, or a live event at a test site; the text is the event's id."""


@dataclass(frozen=True)
class Session:
    """An open Checkout session: where the donor is sent."""

    id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Event:
    """A verified event; `subject` is its `data.object`, in plain dicts."""

    id: str
    type: str
    subject: dict[str, Any]
    created_at: datetime
    api_version: str = ""


ANSWERS: dict[int, type[CheckoutError]] = {
    **dict.fromkeys((401, 403, 429), StripeUnwilling), 404: StripeHasNone,
}  # fmt: skip


def create_session(order: Order) -> Session:
    """Opens a Checkout session; the same order again gives the same one. Raises a CheckoutError."""
    once: Any = {"idempotency_key": order.public_id}
    answer = ask(lambda v1: v1.checkout.sessions.create(parameters(order), once), key=order.public_id)
    return Session(answer["id"], answer["url"], datetime.fromtimestamp(answer["expires_at"], UTC))


def ask(call: Callable[[Any], Any], *, patiently: bool = False, key: str = "") -> dict[str, Any]:
    """What Stripe answers to one call, `lambda v1: v1.refunds.create(…)`, as a plain dict. Raises a CheckoutError.

    While a person waits one try of 4 seconds, through the circuit, where the same `key` is the same call; `patiently`, in a
    job, three of 10."""
    v1 = _v1(patiently)
    with nullcontext() if patiently else _circuit(key), _named_errors():
        return call(v1).to_dict() if patiently else patience.within(REQUEST_TIMEOUT, lambda: call(v1).to_dict())


def each(call: Callable[[Any], Any]) -> Iterator[dict[str, Any]]:
    """Every object of a list, `lambda v1: v1.events.list(…)`, page by page, for a job. Raises a CheckoutError."""
    with _named_errors():
        for one in call(_v1(patiently=True)).auto_paging_iter():
            yield one.to_dict()


@contextmanager
def _circuit(key: str) -> Iterator[None]:
    try:
        with stripe_circuit().call(key, StripeAway, spared=StripeUnwilling):
            yield
    except TwinUnderWay:
        raise SessionBeingMade from None
    except CircuitOpen as shut:
        raise StripeResting(shut.seconds) from None


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except (stripe.APIConnectionError, TimeoutError) as error:
        log.warning("stripe does not answer: %s", type(error.__cause__ or error).__name__)
        raise StripeAway from error
    except stripe.StripeError as error:
        if error.http_status == 409:
            raise SessionBeingMade from error
        log.error("stripe answers %s (%s, %s)", error.http_status, type(error).__name__, error.code)
        raise _meaning(error.http_status or 0)(error.user_message or "") from error


def _meaning(status: int) -> type[CheckoutError]:
    return StripeFailing if status >= 500 else ANSWERS.get(status, StripeRefused)


def read_event(raw: bytes, header: str | None) -> Event:
    """The event of a webhook's raw body. Raises BadSignature, BadEvent or WrongMode."""
    _verify(raw, header or "")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadEvent("no JSON") from error
    event = event_of(body)
    if body.get("livemode") is not _settings().livemode:
        raise WrongMode(event.id)
    return event


def event_of(body: Any) -> Event:
    """An event's body, of a webhook or of Stripe's list, read. Raises BadEvent."""
    if not isinstance(body, dict) or body.get("object") != "event":  # v2's thin events say otherwise
        raise BadEvent("no event")
    subject = body["data"].get("object") if isinstance(body.get("data"), dict) else None
    event_id, event_type, created = body.get("id"), body.get("type"), body.get("created")
    named = EVENT_ID.fullmatch(str(event_id)) and EVENT_TYPE.fullmatch(str(event_type))
    if not named or not isinstance(subject, dict) or not isinstance(created, int):
        raise BadEvent("incomplete event")
    try:
        at = datetime.fromtimestamp(created, UTC)
        return Event(str(event_id), str(event_type), subject, at, str(body.get("api_version")))
    except (ValueError, OverflowError, OSError) as error:
        raise BadEvent("no date") from error


def _verify(raw: bytes, header: str) -> None:
    if not any(_signed_with(secret, raw, header) for secret in _settings().stripe_webhook_secrets):
        raise BadSignature("no secret of ours")
    # The library looks at one side only: it accepts a signature that is dated in the future.
    stamp = next(part[2:] for part in header.split(",") if part.startswith("t="))
    if int(stamp.split("=")[0]) > (clock.now() + TOLERANCE).timestamp():
        raise BadSignature("from the future")


def _signed_with(secret: str, raw: bytes, header: str) -> bool:
    try:
        tolerance = int(TOLERANCE.total_seconds())
        return header.isascii() and stripe.WebhookSignature.verify_header(raw, header, secret, tolerance)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _v1(patiently: bool) -> Any:
    settings = _settings()
    how = (JOB_TIMEOUT, JOB_RETRIES) if patiently else (REQUEST_TIMEOUT, 0)
    return _client(str(settings.stripe_secret_key), settings.stripe_api_base, *how).v1


@lru_cache(maxsize=8)
def _client(key: str, base: str | None, timeout: int, retries: int) -> stripe.StripeClient:
    addresses: Any = {"api": base} if base else None
    patience: Any = urllib3.Timeout(total=timeout)  # a mere number would hold for connecting and waiting each
    client = stripe.RequestsClient(
        timeout=patience, session=requests.Session()
    )  # shared: each call has a thread of its own
    return stripe.StripeClient(key, max_network_retries=retries, http_client=client, base_addresses=addresses)


def _settings() -> Settings:
    return current_app.config["UNDERSIGNED"]
