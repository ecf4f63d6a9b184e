"""The parameters of a new Checkout Session, and what may not stand together."""

from . import methods, money
from .catalogue import INLINE_PRICE
from .errors import InvalidRequest
from .jsons import Json
from .rules import EXPAND, Fields, Items, choice, descriptor, email, flag, metadata, text, unix_time, url, whole

# ruff: noqa: SIM905  (a table of words reads best as words)
LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt"
    " pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
).split()
SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60

LINE = Fields(
    {"price_data": INLINE_PRICE, "price": text(), "quantity": whole(1, 999_999), "metadata": metadata},
    required=("quantity",),
)
ADDRESS = Fields(dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), text()))
SHIPPING = Fields({"address": ADDRESS, "name": text(), "phone": text()}, required=("address", "name"))
SESSION = Fields(
    {
        "mode": choice("payment", "subscription"),
        "line_items": Items(LINE),
        "success_url": url,
        "cancel_url": url,
        "client_reference_id": text(200),
        "metadata": metadata,
        "customer": text(),
        "customer_email": email,
        "customer_creation": choice("always", "if_required"),
        "payment_intent_data": Fields(
            {
                "metadata": metadata,
                "description": text(1000),
                "statement_descriptor": descriptor,
                "statement_descriptor_suffix": descriptor,
                "receipt_email": email,
                "capture_method": choice("automatic", "automatic_async"),
                "setup_future_usage": choice("off_session", "on_session"),
                "shipping": SHIPPING,
            }
        ),
        "subscription_data": Fields({"metadata": metadata, "description": text(500)}),
        "expires_at": unix_time,
        "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
        "locale": choice(*LOCALES),
        "adaptive_pricing": Fields({"enabled": flag}),
        "ui_mode": choice("hosted_page"),
        "payment_method_types": Items(choice(*methods.MEANS)),
        "billing_address_collection": choice("auto", "required"),
        "expand": EXPAND,
    },
    required=("mode", "line_items", "success_url"),
)

FORBIDDEN_TOGETHER = {
    "subscription": ("customer_creation", "payment_intent_data"),
    "payment": ("subscription_data",),
}


def check_session(params: Json, now: int) -> Json:
    """The checked parameters of a new session; raises InvalidRequest as Stripe would."""
    checked = SESSION("", params)
    for name in FORBIDDEN_TOGETHER[checked["mode"]]:
        if name in checked:
            raise InvalidRequest(f"You can not pass `{name}` in `{checked['mode']}` mode.", param=name)
    if "customer" in checked and "customer_email" in checked:
        raise InvalidRequest(
            "You may only specify one of these parameters: customer, customer_email.", param="customer"
        )
    if not checked["line_items"]:
        raise InvalidRequest("Missing required param: line_items.", param="line_items", code="parameter_missing")
    expires_at = checked.setdefault("expires_at", now + LONGEST)
    # A minute of grace: the caller's clock and ours are not one.
    if not now + SHORTEST - 60 <= expires_at <= now + LONGEST + 60:
        raise InvalidRequest(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return checked


def check_prices(checked: Json, prices: list[Json]) -> None:
    """Raise InvalidRequest unless these prices, one a line, can be paid together in one session."""
    currency = prices[0]["currency"]
    if any(price["currency"] != currency for price in prices):
        raise InvalidRequest("All prices must have the same currency.", param="line_items")
    _check_rhythm([price["recurring"] for price in prices], checked["mode"])
    lines = zip(prices, checked["line_items"], strict=True)
    money.check_total(sum(price["unit_amount"] * line["quantity"] for price, line in lines), currency)
    for kind in checked.get("payment_method_types", []):
        if not methods.takes(kind, currency):
            raise InvalidRequest(
                f"The currency provided ({currency}) is invalid for one of the payment methods: {kind}.",
                param="payment_method_types",
            )


def _check_rhythm(rhythms: list[Json | None], mode: str) -> None:
    if mode == "payment" and any(rhythms):
        raise InvalidRequest(
            "You specified `payment` mode but passed a recurring price. Use `subscription` mode.", param="mode"
        )
    if mode == "subscription" and (None in rhythms or any(rhythm != rhythms[0] for rhythm in rhythms)):
        raise InvalidRequest(
            "In `subscription` mode every price must be recurring, all with the same interval.",
            param="line_items",
        )
