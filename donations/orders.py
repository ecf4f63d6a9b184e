"""What a Checkout session is asked for, and how that is put to Stripe.

Nothing that names a case, a person or an opinion goes out: the product is called "Donation", the rest is our opaque id. Not
even the donor's address is prefilled (Checkout asks for one itself): whom Stripe knows, the donor has told Stripe."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

STATEMENT_WORD = "DONATION"  # on the donor's statement, after the account's own prefix (10 + "* " + 8 of 22 characters)
METADATA_KEY = "donation"


@dataclass(frozen=True)
class Order:
    """What a Checkout session is asked for; `amount` in Stripe's minor units, `interval` None for a gift once."""

    public_id: str
    amount: int
    currency: str
    interval: str | None
    expires_at: datetime
    success_url: str
    cancel_url: str


def parameters(order: Order) -> Any:
    """The order as Stripe's API takes it."""
    price: dict[str, Any] = {"currency": order.currency.lower(), "unit_amount": order.amount}
    price["product_data"] = {"name": _("Donation")}
    mark = {METADATA_KEY: order.public_id}
    common: dict[str, Any] = {
        "ui_mode": "hosted_page",
        "adaptive_pricing": {"enabled": False},  # the donor is charged what we stored, in the currency that we stored
        "client_reference_id": order.public_id,
        "metadata": mark,
        "line_items": [{"quantity": 1, "price_data": price}],
        "expires_at": int(order.expires_at.timestamp()),
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
    }
    if order.interval is None:
        intent = {"metadata": mark, "statement_descriptor_suffix": STATEMENT_WORD}
        return {**common, "mode": "payment", "submit_type": "donate", "payment_intent_data": intent}
    price["recurring"] = {"interval": order.interval}
    return {**common, "mode": "subscription", "subscription_data": {"metadata": mark}}
