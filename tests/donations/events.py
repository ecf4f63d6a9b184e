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


def intent_of(gift: Any, number: int = 1) -> str:
    """The PaymentIntent of a gift once, or of a recurring gift's payment of that number."""
    return f"pi_{gift.public_id}" if gift.frequency == "once" else f"pi_in_{gift.public_id}_{number}"


def refund(gift: Any, minor: int, name: str = "1", *, kind: str = "created", **changes: Any) -> Body:
    body = {
        "id": f"re_{gift.public_id}_{name}", "object": "refund", "amount": minor, "currency": gift.currency.lower(),
        "status": "succeeded", "payment_intent": intent_of(gift), "charge": f"ch_{gift.public_id}", "metadata": {},
        "reason": None, "created": int(time.time()),
    }  # fmt: skip
    return event(f"refund.{kind}", {**body, **changes})


def charge_refunded(gift: Any, amount: int) -> Body:
    body = {
        "id": f"ch_{gift.public_id}", "object": "charge", "amount": gift.stripe_minor, "amount_refunded": amount,
        "currency": gift.currency.lower(), "payment_intent": intent_of(gift), "refunded": amount == gift.stripe_minor,
    }  # fmt: skip
    return event("charge.refunded", body)


def dispute(gift: Any, kind: str, status: str, *, fee: int = 0, amount: int | None = None, **changes: Any) -> Body:
    moved = {
        "object": "balance_transaction",
        "fee": fee,
        "currency": gift.currency.lower(),
        "amount": -gift.stripe_minor,
    }
    body = {
        "id": f"dp_{gift.public_id}", "object": "dispute", "amount": gift.stripe_minor if amount is None else amount,
        "currency": gift.currency.lower(), "status": status, "reason": "fraudulent", "payment_intent": intent_of(gift),
        "charge": f"ch_{gift.public_id}", "balance_transactions": [moved] if fee else [],
        "evidence_details": {"due_by": int(time.time()) + 7 * 86400, "has_evidence": False, "past_due": False},
    }  # fmt: skip
    return event(f"charge.dispute.{kind}", {**body, **changes})


def subscription(gift: Any, kind: str = "created", status: str = "active", *, at: int = 0, **changes: Any) -> Body:
    """The subscription of a recurring gift, told `at` seconds from now."""
    price = {"id": "price_1", "unit_amount": gift.stripe_minor, "currency": gift.currency.lower(), "product": "prod_1"}
    item = {
        "id": "si_1",
        "object": "subscription_item",
        "price": price,
        "current_period_end": int(time.time()) + 30 * 86400,
    }
    body = {
        "id": f"sub_{gift.public_id}", "object": "subscription", "status": status, "customer": f"cus_{gift.public_id}",
        "items": {"object": "list", "data": [item]}, "metadata": {"donation": gift.public_id}, "pause_collection": None,
        "cancellation_details": {"reason": None, "comment": None, "feedback": None},
    }  # fmt: skip
    return event(f"customer.subscription.{kind}", {**body, **changes}, created=int(time.time()) + at)


def invoice_failed(
    gift: Any, number: int = 2, attempt: int = 1, *, kind: str = "payment_failed", **changes: Any
) -> Body:
    body = {
        **invoice_paid(gift, number)["data"]["object"], "amount_paid": 0, "amount_due": gift.stripe_minor, "status": "open",
        "attempt_count": attempt, "next_payment_attempt": int(time.time()) + 3 * 86400, "billing_reason": "subscription_cycle",
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{number}",
    }  # fmt: skip
    return event(f"invoice.{kind}", {**body, **changes})


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
