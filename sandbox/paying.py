"""What a donor can do on the pay page, and what the bank does days later."""

from collections.abc import Callable

from . import events, invoices, payments, subscriptions
from .errors import InvalidRequest
from .jsons import Json
from .shapes import payments as payment_shapes
from .shapes import sessions as session_shapes
from .store import Ledger

NOBODY = "visitor@example.org"  # Checkout always asks for an address; the sandbox does not


def pay(ledger: Ledger, session_id: str) -> Json:
    """The card is good: the session is complete and paid."""
    session, intent = _start(ledger, session_id, "card")
    COMPLETE[session["mode"]](ledger, session, intent)
    session.update(status="complete", payment_status="paid", url=None)
    return _announce(ledger, session, "checkout.session.completed")


def decline(ledger: Ledger, session_id: str) -> Json:
    """The card is refused: the session stays open for another try."""
    session, intent = _start(ledger, session_id, "card")
    payments.fail(ledger, intent, payments.DECLINED)
    return session


def debit(ledger: Ledger, session_id: str) -> Json:
    """A bank debit is on its way: the session is complete, but unpaid until the bank answers."""
    session, intent = _start(ledger, session_id, "sepa_debit")
    if session["mode"] == "subscription":
        _subscribe(ledger, session, intent)
    session.update(status="complete", url=None)
    payments.announce_pending(ledger, intent)
    return _announce(ledger, session, "checkout.session.completed")


def settle(ledger: Ledger, session_id: str) -> Json:
    """The pending bank debit has arrived."""
    session, intent = _pending(ledger, session_id)
    if session["mode"] == "subscription":
        invoices.succeed(ledger, ledger.get("invoice", session["invoice"]))
    else:
        payments.succeed(ledger, intent)
    session["payment_status"] = "paid"
    return _announce(ledger, session, "checkout.session.async_payment_succeeded")


def fail_debit(ledger: Ledger, session_id: str) -> Json:
    """The bank sent the pending debit back."""
    session, intent = _pending(ledger, session_id)
    if session["mode"] == "subscription":
        invoices.fail(ledger, ledger.get("invoice", session["invoice"]), payments.DEBIT_FAILED)
        before = ledger.get("subscription", session["subscription"])
        subscriptions.mark_past_due(ledger, dict(before), before)
    else:
        payments.fail(ledger, intent, payments.DEBIT_FAILED)
    return _announce(ledger, session, "checkout.session.async_payment_failed")


def _start(ledger: Ledger, session_id: str, method: str) -> tuple[Json, Json]:
    session = ledger.get("checkout.session", session_id)
    if session["status"] != "open" or session["expires_at"] <= ledger.now:
        raise InvalidRequest("This Checkout Session is no longer open.")
    if method not in session["payment_method_types"]:
        raise InvalidRequest(f"This Checkout Session does not offer {method}.")
    _know_customer(ledger, session)
    intent = _intent_of(ledger, session)
    payments.start_charge(ledger, intent, method=method, email=session["customer_details"]["email"])
    return ledger.save(session), intent


def _know_customer(ledger: Ledger, session: Json) -> None:
    email = session["customer_email"] or NOBODY
    session["customer_details"] = session_shapes.customer_details(email)
    wanted = session["mode"] == "subscription" or session["customer_creation"] == "always"
    if wanted and session["customer"] is None:
        session["customer"] = ledger.save(payment_shapes.customer(email, ledger.now))["id"]


def _intent_of(ledger: Ledger, session: Json) -> Json:
    """The session's one intent: declined once, it is tried again."""
    hidden = ledger.hidden(session["id"])
    if hidden["intent"]:
        return ledger.get("payment_intent", hidden["intent"])
    wishes = hidden["payment_intent_data"]
    if session["mode"] == "subscription":
        wishes = {"description": invoices.DESCRIPTIONS["subscription_create"]}
    intent = payment_shapes.intent(
        session["amount_total"],
        session["currency"],
        customer_id=session["customer"],
        wishes=wishes,
        now=ledger.now,
    )
    ledger.hide(session["id"], intent=intent["id"])
    if session["mode"] == "payment":
        session["payment_intent"] = intent["id"]
    return intent


def _complete_payment(ledger: Ledger, session: Json, intent: Json) -> None:
    payments.succeed(ledger, intent)


def _complete_subscription(ledger: Ledger, session: Json, intent: Json) -> None:
    invoices.succeed(ledger, _subscribe(ledger, session, intent))


COMPLETE: dict[str, Callable[[Ledger, Json, Json], None]] = {
    "payment": _complete_payment,
    "subscription": _complete_subscription,
}


def _subscribe(ledger: Ledger, session: Json, intent: Json) -> Json:
    hidden = ledger.hidden(session["id"])
    subscription = subscriptions.start(
        ledger, session, lines=hidden["lines"], wishes=hidden["subscription_data"], intent=intent
    )
    session.update(subscription=subscription["id"], invoice=subscription["latest_invoice"])
    events.record(ledger, "customer.subscription.created", subscription)
    return ledger.get("invoice", subscription["latest_invoice"])


def _pending(ledger: Ledger, session_id: str) -> tuple[Json, Json]:
    session = ledger.get("checkout.session", session_id)
    intent_id = ledger.hidden(session_id)["intent"]
    intent = ledger.get("payment_intent", intent_id) if intent_id else None
    if session["status"] != "complete" or intent is None or intent["status"] != "processing":
        raise InvalidRequest("No bank debit is pending for this Checkout Session.")
    return session, intent


def _announce(ledger: Ledger, session: Json, event_type: str) -> Json:
    events.record(ledger, event_type, ledger.save(session))
    return session
