"""/v1/payment_intents, and the payment pages that the official CLI asks for in the place of a browser."""

from flask import Blueprint

from .. import charging, events, known_cards, methods, money
from ..errors import InvalidRequest
from ..jsons import Json
from ..rules import EXPAND, Fields, Items, choice, flag, metadata, text, whole
from ..session_fields import SHIPPING
from ..shapes import payments as shapes
from ..store import Ledger
from .door import reads, writes

NEW = Fields(
    {
        "amount": whole(1, money.MOST),
        "currency": money.currency,
        "confirm": flag,
        "customer": text(),
        "description": text(1000),
        "metadata": metadata,
        "payment_method": text(),
        "payment_method_types": Items(choice(*methods.MEANS)),
        "shipping": SHIPPING,
        "expand": EXPAND,
    },
    required=("amount", "currency"),
)
CONFIRM = Fields({"payment_method": text(), "expand": EXPAND})
PAGE_CONFIRM = Fields({"payment_method": text(), "expected_amount": whole(0, money.MOST)}, required=("payment_method",))


def create(ledger: Ledger, params: Json) -> Json:
    """A PaymentIntent, charged at once where `confirm` says so."""
    wishes = NEW("", params)
    money.check_step(wishes["amount"], wishes["currency"], "amount")
    intent = ledger.save(
        shapes.intent(
            wishes["amount"], wishes["currency"], customer_id=wishes.get("customer"), wishes=wishes, now=ledger.now
        )
    )
    events.record(ledger, "payment_intent.created", intent)
    return _confirm(ledger, intent, wishes) if wishes.get("confirm") else intent


def confirm(ledger: Ledger, params: Json, intent: str) -> Json:
    """Charge it."""
    return _confirm(ledger, ledger.get("payment_intent", intent), CONFIRM("", params))


def _confirm(ledger: Ledger, intent: Json, wishes: Json) -> Json:
    if "payment_method" not in wishes:
        raise InvalidRequest("You must provide a payment method.", param="payment_method", code="parameter_missing")
    method = known_cards.resolve(ledger, wishes["payment_method"], customer_id=intent["customer"])
    return charging.confirm(ledger, intent, method)


def show_page(ledger: Ledger, params: Json, session: str) -> Json:
    """What a payment page would know of its session."""
    return ledger.get("checkout.session", session)


def confirm_page(ledger: Ledger, params: Json, session: str) -> Json:
    """What the button of a payment page would do."""
    wishes = PAGE_CONFIRM("", params)
    method = known_cards.resolve(ledger, wishes["payment_method"])
    return charging.confirm_page(ledger, session, method, wishes.get("expected_amount"))


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    api.post("/payment_intents", endpoint="create_payment_intent")(writes(create))
    api.post("/payment_intents/<intent>/confirm", endpoint="confirm_payment_intent")(writes(confirm))
    api.get("/payment_pages/<session>", endpoint="show_payment_page")(reads(show_page))
    api.post("/payment_pages/<session>/confirm", endpoint="confirm_payment_page")(writes(confirm_page))
