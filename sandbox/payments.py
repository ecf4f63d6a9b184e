"""Moving the money that does not exist: PaymentIntents and their charges."""

from . import events
from .errors import InvalidRequest
from .jsons import Json
from .shapes import payments as shapes
from .store import Ledger

DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}
DEBIT_FAILED = {
    "type": "card_error",
    "code": "payment_intent_payment_attempt_failed",
    "message": "The bank returned the debit.",
}


def start_charge(ledger: Ledger, intent: Json, *, method: str, email: str | None) -> Json:
    """A pending charge on the intent, which now is in `processing`; no event yet."""
    charge = ledger.save(shapes.charge(intent, method=method, email=email, now=ledger.now))
    intent.update(
        status="processing",
        latest_charge=charge["id"],
        payment_method=charge["payment_method"],
        last_payment_error=None,
    )
    ledger.save(intent)
    return charge


def announce_pending(ledger: Ledger, intent: Json) -> None:
    """Tell that the intent's charge will be settled later."""
    events.record(ledger, "charge.pending", ledger.get("charge", intent["latest_charge"]))
    events.record(ledger, "payment_intent.processing", intent)


def succeed(ledger: Ledger, intent: Json) -> Json:
    """The pending charge has been paid; gives the charge."""
    charge = _pending_charge(ledger, intent)
    charge.update(
        status="succeeded",
        paid=True,
        captured=True,
        amount_captured=charge["amount"],
        outcome=shapes.outcome("authorized", "approved_by_network", "Payment complete."),
    )
    intent.update(status="succeeded", amount_received=intent["amount"])
    ledger.save(charge)
    ledger.save(intent)
    events.record(ledger, "payment_intent.succeeded", intent)
    events.record(ledger, "charge.succeeded", charge)
    return charge


def fail(ledger: Ledger, intent: Json, problem: Json) -> Json:
    """The pending charge has been refused; the intent may be tried again. Gives the charge."""
    charge = _pending_charge(ledger, intent)
    charge.update(
        status="failed",
        failure_code=problem["code"],
        failure_message=problem["message"],
        outcome=shapes.outcome(
            "issuer_declined", "declined_by_network", problem["message"], problem.get("decline_code")
        ),
    )
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        last_payment_error={**problem, "charge": charge["id"]},
    )
    ledger.save(charge)
    ledger.save(intent)
    events.record(ledger, "charge.failed", charge)
    events.record(ledger, "payment_intent.payment_failed", intent)
    return charge


def cancel(ledger: Ledger, intent: Json) -> None:
    """Nobody will pay this intent any more."""
    intent.update(status="canceled", canceled_at=ledger.now, cancellation_reason="automatic")
    events.record(ledger, "payment_intent.canceled", ledger.save(intent))


def _pending_charge(ledger: Ledger, intent: Json) -> Json:
    if intent["status"] != "processing":
        raise InvalidRequest(f"No payment of {intent['id']} is pending.", code="payment_intent_unexpected_state")
    return ledger.get("charge", intent["latest_charge"])
