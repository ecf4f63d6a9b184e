"""What events do that warn of stolen cards."""

import re
from typing import Any

from donations.guards import fraud
from donations.models import DECLINED, Outcome
from donations.stripe_gateway import Event

STRIPE_ID = re.compile(r"[\w-]{1,255}", re.ASCII)
KIND = re.compile(r"[a-z_]{1,100}")


def card_declined(event: Event) -> Outcome:
    """A try that failed; that it was recorded is all: guards/waves.py counts such events."""
    return Outcome.APPLIED


def fraud_warned(event: Event) -> Outcome:
    """A bank reports a payment as fraud."""
    subject = event.subject
    warning_id, kind = _named(subject.get("id")), subject.get("fraud_type")
    if not warning_id:
        return Outcome.IGNORED
    fraud.record(
        warning_id,
        payment_intent=_named(subject.get("payment_intent")),
        charge=_named(subject.get("charge")),
        kind=kind if isinstance(kind, str) and KIND.fullmatch(kind) else "",
        at=event.created_at,
    )
    return Outcome.APPLIED


def _named(value: Any) -> str:
    return value if isinstance(value, str) and STRIPE_ID.fullmatch(value) else ""


HANDLERS = {DECLINED: card_declined, "radar.early_fraud_warning.created": fraud_warned}
