"""Products and prices: given by name, or made from `price_data`."""

from ..ids import new_id
from ..jsons import Json


def product(wishes: Json, *, active: bool, now: int) -> Json:
    """What is sold; `wishes` are `name`, `description`, `images`, `metadata`."""
    return {
        "id": new_id("prod", 14),
        "object": "product",
        "active": active,
        "created": now,
        "default_price": None,
        "description": wishes.get("description"),
        "images": wishes.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": wishes.get("metadata", {}),
        "name": wishes["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "unit_label": None,
        "updated": now,
        "url": None,
    }


def price(price_data: Json, product_id: str, *, active: bool, now: int) -> Json:
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
        "active": active,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": price_data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": price_data.get("metadata", {}),
        "nickname": price_data.get("nickname"),
        "product": product_id,
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
