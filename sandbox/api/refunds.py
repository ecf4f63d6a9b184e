"""/v1/refunds, and closing a dispute. Reading is with the other objects."""

from flask import Blueprint

from .. import disputes, refunds
from ..jsons import Json
from ..rules import EXPAND, Fields, changed_metadata, choice, metadata, text, whole
from ..store import Ledger
from .door import writes

NEW_REFUND = Fields(
    {
        "amount": whole(1, 10**12),
        "charge": text(),
        "payment_intent": text(),
        "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
        "metadata": metadata,
        "expand": EXPAND,
    }
)
CHANGED_REFUND = Fields({"metadata": changed_metadata, "expand": EXPAND})
ONLY_EXPAND = Fields({"expand": EXPAND})


def create(ledger: Ledger, params: Json) -> Json:
    """Send money back."""
    return refunds.create(ledger, NEW_REFUND("", params))


def change(ledger: Ledger, params: Json, refund: str) -> Json:
    """Keep other metadata."""
    return refunds.change(ledger, refund, CHANGED_REFUND("", params).get("metadata", {}))


def close_dispute(ledger: Ledger, params: Json, dispute: str) -> Json:
    """Give in."""
    ONLY_EXPAND("", params)
    return disputes.lose(ledger, dispute)


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    api.post("/refunds", endpoint="create_refund")(writes(create))
    api.post("/refunds/<refund>", endpoint="change_refund")(writes(change))
    api.post("/disputes/<dispute>/close", endpoint="close_dispute")(writes(close_dispute))
