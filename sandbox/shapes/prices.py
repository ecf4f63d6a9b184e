"""Inline prices, as Stripe makes them from `price_data`."""

from ..ids import new_id
from ..jsons import Json


def price(price_data: Json, now: int) -> Json:
    """The price object behind one line, one-off or recurring."""
    amount = price_data["unit_amount"]
    rhythm = price_data.get("recurring")
    recurring = rhythm and {
        "interval": rhythm["interval"],
        "interval_count": rhythm.get("interval_count", 1),
        "meter": None,
        "usage_type": "licensed",
    }
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,  # an inline price cannot be used a second time
        "billing_scheme": "per_unit",
        "created": now,
        "currency": price_data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("prod", 14),
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
