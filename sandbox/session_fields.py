"""The parameters of a new Checkout Session, and what may not stand together."""

from . import money
from .errors import InvalidRequest
from .jsons import Json
from .rules import Fields, Items, choice, descriptor, email, flag, metadata, text, unix_time, url, whole

# ruff: noqa: SIM905  (a table of words reads best as words)
LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt"
    " pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
).split()
METHODS = ("card", "sepa_debit")  # what the sandbox can play: at once, and days later
SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60

EXPAND = Items(text(500), most=20)

PRODUCT = Fields(
    {"name": text(5000), "description": text(40000), "images": Items(url, most=8), "metadata": metadata},
    required=("name",),
)
RECURRING = Fields(
    {"interval": choice("day", "week", "month", "year"), "interval_count": whole(1, 36)},
    required=("interval",),
)
PRICE = Fields(
    {
        "currency": money.currency,
        "unit_amount": whole(0, 10**12),
        "product_data": PRODUCT,
        "recurring": RECURRING,
    },
    required=("currency", "unit_amount", "product_data"),
)
LINE = Fields(
    {"price_data": PRICE, "quantity": whole(1, 999_999), "metadata": metadata},
    required=("price_data", "quantity"),
)
SESSION = Fields(
    {
        "mode": choice("payment", "subscription"),
        "line_items": Items(LINE),
        "success_url": url,
        "cancel_url": url,
        "client_reference_id": text(200),
        "metadata": metadata,
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
            }
        ),
        "subscription_data": Fields({"metadata": metadata, "description": text(500)}),
        "expires_at": unix_time,
        "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
        "locale": choice(*LOCALES),
        "adaptive_pricing": Fields({"enabled": flag}),
        "ui_mode": choice("hosted_page"),
        "payment_method_types": Items(choice(*METHODS)),
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
    _check_lines(checked["line_items"], checked["mode"])
    expires_at = checked.setdefault("expires_at", now + LONGEST)
    # A minute of grace: the caller's clock and ours are not one.
    if not now + SHORTEST - 60 <= expires_at <= now + LONGEST + 60:
        raise InvalidRequest(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return checked


def _check_lines(lines: list[Json], mode: str) -> None:
    if not lines:
        raise InvalidRequest("Missing required param: line_items.", param="line_items", code="parameter_missing")
    prices = [line["price_data"] for line in lines]
    if len({price["currency"] for price in prices}) > 1:
        raise InvalidRequest("All prices must have the same currency.", param="line_items")
    for number, price in enumerate(prices):
        money.check_step(price["unit_amount"], price["currency"], f"line_items[{number}][price_data][unit_amount]")
    _check_rhythm(prices, mode)
    total = sum(line["price_data"]["unit_amount"] * line["quantity"] for line in lines)
    money.check_total(total, prices[0]["currency"])


def _check_rhythm(prices: list[Json], mode: str) -> None:
    rhythms = [price.get("recurring") for price in prices]
    if mode == "payment" and any(rhythms):
        raise InvalidRequest(
            "You specified `payment` mode but passed a recurring price. Use `subscription` mode.", param="mode"
        )
    if mode == "subscription" and (None in rhythms or any(rhythm != rhythms[0] for rhythm in rhythms)):
        raise InvalidRequest(
            "In `subscription` mode every price must be recurring, all with the same interval.",
            param="line_items",
        )
