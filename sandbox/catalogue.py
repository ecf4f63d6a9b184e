"""Products and prices: made by the API, or along with what names them inline."""

from . import money
from .errors import InvalidRequest
from .jsons import Json
from .rules import Fields, Items, Rule, choice, flag, metadata, text, url, whole
from .shapes import prices as shapes
from .store import Ledger

PRODUCT_FIELDS: dict[str, Rule] = {
    "name": text(5000),
    "description": text(40000),
    "images": Items(url, most=8),
    "metadata": metadata,
}
PRODUCT = Fields(PRODUCT_FIELDS, required=("name",))
RECURRING = Fields(
    {"interval": choice("day", "week", "month", "year"), "interval_count": whole(1, 36)},
    required=("interval",),
)
PRICE_FIELDS: dict[str, Rule] = {"currency": money.currency, "unit_amount": whole(0, 10**12), "recurring": RECURRING}
INLINE_PRICE = Fields(
    {**PRICE_FIELDS, "product_data": PRODUCT, "product": text(), "tax_behavior": choice("unspecified")},
    required=("currency", "unit_amount"),
)
ITEM_PRICE = Fields(  # of a subscription: there the product must be known already
    {**PRICE_FIELDS, "product": text(), "tax_behavior": choice("unspecified")},
    required=("currency", "product", "recurring"),
)
NEW_PRODUCT = Fields({**PRODUCT_FIELDS, "active": flag}, required=("name",))
NEW_PRICE = Fields(
    {**PRICE_FIELDS, "product": text(), "nickname": text(), "metadata": metadata, "active": flag},
    required=("currency", "product", "unit_amount"),
)


def new_product(ledger: Ledger, params: Json) -> Json:
    """A product from raw parameters."""
    wishes = NEW_PRODUCT("", params)
    return ledger.save(shapes.product(wishes, active=wishes.get("active", True), now=ledger.now))


def new_price(ledger: Ledger, params: Json) -> Json:
    """A price of a known product from raw parameters."""
    wishes = NEW_PRICE("", params)
    return _price(ledger, wishes, "unit_amount", active=wishes.get("active", True))


def priced(ledger: Ledger, line: Json, name: str) -> Json:
    """The price that a checked line names or describes; `name` is the line's place in the request."""
    if ("price" in line) == ("price_data" in line):
        raise InvalidRequest(f"You must specify either `price` or `price_data` for {name}.", param=f"{name}[price]")
    if "price" in line:
        return ledger.get("price", line["price"])
    wishes = dict(line["price_data"])
    if "product_data" in wishes:
        # An inline price cannot be used a second time, nor its product.
        wishes["product"] = ledger.save(shapes.product(wishes["product_data"], active=False, now=ledger.now))["id"]
    if "product" not in wishes:
        full = f"{name}[price_data][product_data]"
        raise InvalidRequest(f"Missing required param: {full}.", param=full, code="parameter_missing")
    return _price(ledger, wishes, f"{name}[price_data][unit_amount]", active=False)


def _price(ledger: Ledger, wishes: Json, param: str, *, active: bool) -> Json:
    if "unit_amount" not in wishes:
        raise InvalidRequest(f"Missing required param: {param}.", param=param, code="parameter_missing")
    money.check_step(wishes["unit_amount"], wishes["currency"], param)
    product = ledger.get("product", wishes["product"])
    return ledger.save(shapes.price(wishes, product["id"], active=active, now=ledger.now))
