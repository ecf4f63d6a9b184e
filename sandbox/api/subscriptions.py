"""/v1/subscriptions: cancelling. Reading is with the other objects."""

from flask import Blueprint

from .. import subscriptions
from ..jsons import Json
from ..rules import EXPAND, Fields, choice, flag, text
from ..store import Ledger
from .door import writes

FEEDBACK = (  # noqa: SIM905
    "customer_service low_quality missing_features other switched_service too_complex too_expensive unused"
).split()
CANCEL = Fields(
    {
        "cancellation_details": Fields({"comment": text(5000), "feedback": choice(*FEEDBACK)}),
        "invoice_now": flag,
        "prorate": flag,
        "expand": EXPAND,
    }
)


def cancel(ledger: Ledger, params: Json, subscription: str) -> Json:
    """End a subscription now."""
    checked = CANCEL("", params)
    return subscriptions.cancel(ledger, subscription, checked.get("cancellation_details", {}))


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    api.delete("/subscriptions/<subscription>", endpoint="cancel_subscription")(writes(cancel))
