"""Moving the money that does not exist: PaymentIntents and their charges."""

from . import balance, events, methods
from .errors import InvalidRequest
from .jsons import Json
from .shapes import listing
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
REFUSED = {
    "type": "card_error",
    "code": "payment_method_provider_decline",
    "message": "The payment was refused on the provider's page.",
}
NOT_CONFIRMED = {
    "type": "card_error",
    "code": "payment_intent_authentication_failure",
    "message": "The bank could not confirm this payment.",
}


def start_charge(ledger: Ledger, intent: Json, method: Json) -> Json:
    """A pending charge on the intent, which now is in `processing`; no event yet."""
    details = methods.details(ledger, method)
    charge = ledger.save(shapes.charge(intent, method=method, details=details, now=ledger.now))
    intent.update(
        status="processing",
        latest_charge=charge["id"],
        payment_method=charge["payment_method"],
        last_payment_error=None,
        next_action=None,
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
    balance.enter_charge(ledger, charge)
    intent.update(status="succeeded", amount_received=intent["amount"])
    ledger.save(charge)
    ledger.hide(charge["id"], expandable={"refunds": listing([], f"/v1/charges/{charge['id']}/refunds")})
    ledger.save(intent)
    events.record(ledger, "payment_intent.succeeded", intent)
    _announce_charge(ledger, charge)
    return charge


def _announce_charge(ledger: Ledger, charge: Json) -> None:
    if not balance.by_card(charge):
        events.record(ledger, "charge.succeeded", charge)
        return
    # A card is captured and booked a moment later (`automatic_async`): the first news names no entry of the balance.
    unbooked = {"balance_transaction": None}
    events.record(ledger, "charge.succeeded", {**charge, **unbooked})
    events.record(ledger, "charge.updated", charge, unbooked)


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


def ask(ledger: Ledger, intent: Json, method: Json, url: str) -> Json:
    """The payer must do something at this address first; a charge is made after that."""
    intent.update(
        status="requires_action",
        payment_method=method["id"],
        last_payment_error=None,
        next_action={"type": "redirect_to_url", "redirect_to_url": {"return_url": None, "url": url}},
    )
    events.record(ledger, "payment_intent.requires_action", ledger.save(intent))
    return intent


def answered(ledger: Ledger, intent: Json) -> Json:
    """The payer did it: the charge is pending now."""
    if intent["status"] != "requires_action":
        raise InvalidRequest(f"Nobody is asked about {intent['id']}.", code="payment_intent_unexpected_state")
    return start_charge(ledger, intent, ledger.get("payment_method", intent["payment_method"]))


def refuse(ledger: Ledger, intent: Json, problem: Json) -> None:
    """The payer did not do it: no charge was made, and the intent may be tried again."""
    if intent["status"] != "requires_action":
        raise InvalidRequest(f"Nobody is asked about {intent['id']}.", code="payment_intent_unexpected_state")
    intent.update(status="requires_payment_method", payment_method=None, next_action=None, last_payment_error=problem)
    events.record(ledger, "payment_intent.payment_failed", ledger.save(intent))


def cancel(ledger: Ledger, intent: Json) -> None:
    """Nobody will pay this intent any more."""
    intent.update(status="canceled", canceled_at=ledger.now, cancellation_reason="automatic")
    events.record(ledger, "payment_intent.canceled", ledger.save(intent))


def _pending_charge(ledger: Ledger, intent: Json) -> Json:
    if intent["status"] != "processing":
        raise InvalidRequest(f"No payment of {intent['id']} is pending.", code="payment_intent_unexpected_state")
    return ledger.get("charge", intent["latest_charge"])
