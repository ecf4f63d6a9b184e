"""What a donor can do on the pay page, and what the bank does days later."""

from collections.abc import Callable

from . import events, invoices, methods, payments, renewals, subscriptions
from .errors import InvalidRequest
from .jsons import Json
from .shapes import payments as payment_shapes
from .shapes import sessions as session_shapes
from .store import Ledger

NOBODY = "visitor@example.org"  # Checkout always asks for an address; the sandbox does not


def pay(ledger: Ledger, session_id: str) -> Json:
    """The card is good: the session is complete and paid."""
    session, intent, card = _begin(ledger, session_id, "card")
    return pay_with(ledger, session, intent, card)


def pay_with(ledger: Ledger, session: Json, intent: Json, method: Json) -> Json:
    """This means of payment is good: the session is complete and paid."""
    payments.start_charge(ledger, intent, method)
    return _complete(ledger, session, intent)


def decline(ledger: Ledger, session_id: str) -> Json:
    """The card is refused: the session stays open for another try."""
    session, intent, card = _begin(ledger, session_id, "card")
    return decline_with(ledger, session, intent, card)


def decline_with(ledger: Ledger, session: Json, intent: Json, method: Json) -> Json:
    """This means of payment is refused."""
    payments.start_charge(ledger, intent, method)
    payments.fail(ledger, intent, payments.DECLINED)
    return session


def redirect(ledger: Ledger, session_id: str) -> Json:
    """The donor goes to the payment provider's own page; nothing is paid yet."""
    session, intent, account = _begin(ledger, session_id, "paypal")
    payments.ask(ledger, intent, account, f"{ledger.base_url}/c/redirect/{session_id}")
    return session


def approve(ledger: Ledger, session_id: str) -> Json:
    """The donor said yes on the provider's page."""
    session, intent = _open_session(ledger, session_id)
    payments.answered(ledger, intent)
    return _complete(ledger, session, intent)


def refuse(ledger: Ledger, session_id: str) -> Json:
    """The donor said no there, and is back on the pay page."""
    session, intent = _open_session(ledger, session_id)
    payments.refuse(ledger, intent, payments.REFUSED)
    return session


def debit(ledger: Ledger, session_id: str) -> Json:
    """A bank debit is on its way: the session is complete, but unpaid until the bank answers."""
    kinds = ledger.get("checkout.session", session_id)["payment_method_types"]
    session, intent, account = _begin(ledger, session_id, methods.debit_of(kinds) or "bank debit")
    return debit_with(ledger, session, intent, account)


def debit_with(ledger: Ledger, session: Json, intent: Json, method: Json) -> Json:
    """This account will be debited."""
    payments.start_charge(ledger, intent, method)
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
        renewals.refused(ledger, ledger.get("invoice", session["invoice"]), payments.DEBIT_FAILED)
    else:
        payments.fail(ledger, intent, payments.DEBIT_FAILED)
    return _announce(ledger, session, "checkout.session.async_payment_failed")


def begin(ledger: Ledger, session: Json, *, email: str | None) -> tuple[Json, Json]:
    """The open session with its customer, and its intent; raises InvalidRequest."""
    if session["status"] != "open" or session["expires_at"] <= ledger.now:
        raise InvalidRequest("This Checkout Session is no longer open.")
    _know_customer(ledger, session, email)
    intent = _intent_of(ledger, session)
    return ledger.save(session), intent


def _begin(ledger: Ledger, session_id: str, kind: str) -> tuple[Json, Json, Json]:
    session = ledger.get("checkout.session", session_id)
    if kind not in session["payment_method_types"]:
        raise InvalidRequest(f"This Checkout Session does not offer {kind}.")
    session, intent = begin(ledger, session, email=session["customer_email"] or NOBODY)
    email = session["customer_details"]["email"]
    return session, intent, methods.new_method(ledger, kind, email=email, customer_id=session["customer"])


def _open_session(ledger: Ledger, session_id: str) -> tuple[Json, Json]:
    session = ledger.get("checkout.session", session_id)
    intent_id = ledger.hidden(session_id)["intent"]
    if session["status"] != "open" or session["expires_at"] <= ledger.now or not intent_id:
        raise InvalidRequest("This Checkout Session is no longer open.")
    return session, ledger.get("payment_intent", intent_id)


def _know_customer(ledger: Ledger, session: Json, email: str | None) -> None:
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
        wishes={**wishes, "payment_method_types": session["payment_method_types"]},
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


def _complete(ledger: Ledger, session: Json, intent: Json) -> Json:
    COMPLETE[session["mode"]](ledger, session, intent)
    session.update(status="complete", payment_status="paid", url=None)
    return _announce(ledger, session, "checkout.session.completed")


def _subscribe(ledger: Ledger, session: Json, intent: Json) -> Json:
    hidden = ledger.hidden(session["id"])
    subscription = subscriptions.start(
        ledger, session["customer"], lines=hidden["lines"], wishes=hidden["subscription_data"], intent=intent
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
