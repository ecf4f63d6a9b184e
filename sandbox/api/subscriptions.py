"""/v1/subscriptions: making, changing and cancelling. Reading is with the other objects."""

from flask import Blueprint

from .. import catalogue, changes, charging, known_cards, subscriptions
from ..catalogue import ITEM_PRICE
from ..errors import InvalidRequest
from ..jsons import Json
from ..rules import EXPAND, Fields, Items, changed_metadata, choice, flag, metadata, or_empty, text, unix_time, whole
from ..store import Ledger
from .door import writes

FEEDBACK = (  # noqa: SIM905
    "customer_service low_quality missing_features other switched_service too_complex too_expensive unused"
).split()
DETAILS = Fields({"comment": or_empty(text(5000)), "feedback": or_empty(choice(*FEEDBACK))})
NEW_ITEM = Fields({"price": text(), "price_data": ITEM_PRICE, "quantity": whole(1, 999_999)})
NEW = Fields(
    {
        "customer": text(),
        "items": Items(NEW_ITEM, most=20),
        "default_payment_method": text(),
        "description": text(500),
        "metadata": metadata,
        "expand": EXPAND,
    },
    required=("customer", "items"),
)
CANCEL = Fields({"cancellation_details": DETAILS, "invoice_now": flag, "prorate": flag, "expand": EXPAND})
PAUSE = Fields({"behavior": choice("void"), "resumes_at": unix_time}, required=("behavior",))
CHANGED_ITEM = Fields({"id": text(), "price": text(), "price_data": ITEM_PRICE, "quantity": whole(1, 999_999)})
UPDATE = Fields(
    {
        "items": Items(CHANGED_ITEM, most=20),
        "proration_behavior": choice("always_invoice", "create_prorations", "none"),
        "payment_behavior": choice("allow_incomplete", "error_if_incomplete"),
        "pause_collection": or_empty(PAUSE),
        "cancel_at_period_end": flag,
        "cancellation_details": DETAILS,
        "default_payment_method": text(),
        "description": or_empty(text(500)),
        "metadata": changed_metadata,
        "expand": EXPAND,
    }
)


def create(ledger: Ledger, params: Json) -> Json:
    """A subscription that is paid at once."""
    wishes = NEW("", params)
    customer = ledger.get("customer", wishes["customer"])
    chosen = wishes.get("default_payment_method") or customer["invoice_settings"]["default_payment_method"]
    if not chosen:
        raise InvalidRequest(
            "This customer has no attached payment source or default payment method.", code="resource_missing"
        )
    lines = [
        {"price": catalogue.priced(ledger, item, f"items[{number}]"), "quantity": item.get("quantity", 1)}
        for number, item in enumerate(wishes["items"])
    ]
    if any(line["price"]["recurring"] is None for line in lines):
        raise InvalidRequest(
            "The price specified is set to `type=one_time` but this field only accepts recurring ones."
        )
    method = known_cards.resolve(ledger, chosen, customer_id=customer["id"])
    if "default_payment_method" in wishes:
        wishes["default_payment_method"] = method["id"]
    return charging.subscribe(ledger, customer, lines, wishes, method)


def update(ledger: Ledger, params: Json, subscription: str) -> Json:
    """Change a running subscription."""
    return changes.update(ledger, subscription, UPDATE("", params))


def cancel(ledger: Ledger, params: Json, subscription: str) -> Json:
    """End a subscription now."""
    checked = CANCEL("", params)
    return subscriptions.cancel(ledger, subscription, checked.get("cancellation_details", {}))


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    api.post("/subscriptions", endpoint="create_subscription")(writes(create))
    api.post("/subscriptions/<subscription>", endpoint="update_subscription")(writes(update))
    api.delete("/subscriptions/<subscription>", endpoint="cancel_subscription")(writes(cancel))
