"""Stripe's events as its webhooks send them: small bodies of our own, signed for real."""

import itertools
import json
import time
from typing import Any

import stripe
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import WEBHOOK_SECRET

Body = dict[str, Any]
_numbers = itertools.count(1)


def event(kind: str, subject: Body, **changes: Any) -> Body:
    number = next(_numbers)
    body = {
        "id": f"evt_{number:06}", "object": "event", "api_version": "2026-10-28.endive", "created": int(time.time()),
        "livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}, "type": kind,
        "data": {"object": subject},
    }  # fmt: skip
    return {**body, **changes}


def session(gift: Any, **changes: Any) -> Body:
    """The Checkout session of a gift (see conftest), paid by card."""
    once = gift.frequency == "once"
    body = {
        "id": gift.session_id, "object": "checkout.session", "mode": "payment" if once else "subscription",
        "amount_total": gift.stripe_minor, "currency": gift.currency.lower(), "client_reference_id": gift.public_id,
        "metadata": {"donation": gift.public_id}, "payment_status": "paid", "status": "complete",
        "payment_intent": f"pi_{gift.public_id}" if once else None, "livemode": False,
        "invoice": None if once else f"in_{gift.public_id}_1", "subscription": None if once else f"sub_{gift.public_id}",
    }  # fmt: skip
    return {**body, **changes}


def completed(gift: Any, **changes: Any) -> Body:
    return event("checkout.session.completed", session(gift, **changes))


def invoice_paid(gift: Any, number: int = 1, **changes: Any) -> Body:
    details = {"subscription": f"sub_{gift.public_id}", "metadata": {"donation": gift.public_id}}
    body = {
        "id": f"in_{gift.public_id}_{number}", "object": "invoice", "amount_paid": gift.stripe_minor, "status": "paid",
        "currency": gift.currency.lower(), "livemode": False, "metadata": {},
        "parent": {"type": "subscription_details", "quote_details": None, "subscription_details": details},
    }  # fmt: skip
    return event("invoice.paid", {**body, **changes})


def invoice_payment_paid(gift: Any, number: int = 1) -> Body:
    invoice = f"in_{gift.public_id}_{number}"
    body = {
        "id": f"inpay_{invoice}", "object": "invoice_payment", "invoice": invoice, "livemode": False, "status": "paid",
        "amount_paid": gift.stripe_minor, "currency": gift.currency.lower(),
        "payment": {"type": "payment_intent", "payment_intent": f"pi_{invoice}"},
    }  # fmt: skip
    return event("invoice_payment.paid", body)


def signed(text: str, secret: str = WEBHOOK_SECRET, *, at: int = 0) -> str:
    """The `Stripe-Signature` header, `at` seconds from now."""
    return stripe.WebhookSignature.generate_signature_header(text, secret, int(time.time()) + at)


def send(client: FlaskClient, body: Any, **how: Any) -> TestResponse:
    """Posts an event as Stripe would."""
    text = body if isinstance(body, str) else json.dumps(body, indent=2)
    return post(client, text.encode(), signed(text, **how))


def post(client: FlaskClient, raw: bytes, header: str | None) -> TestResponse:
    headers = {"Content-Type": "application/json"} | ({"Stripe-Signature": header} if header is not None else {})
    return client.post("/stripe/webhook", data=raw, headers=headers)
