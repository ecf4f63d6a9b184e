"""/v1/customers, /v1/payment_methods, /v1/products and /v1/prices: who pays, with what, for what."""

from flask import Blueprint

from .. import catalogue, events, known_cards, subscriptions
from ..errors import InvalidRequest, NoSuchObject
from ..jsons import Json
from ..rules import EXPAND, Fields, choice, email, metadata, text
from ..session_fields import ADDRESS
from ..shapes import payments as shapes
from ..store import Ledger
from .door import writes

SETTINGS = Fields({"default_payment_method": text()})
NEW_CUSTOMER = Fields(
    {
        "description": text(),
        "email": email,
        "name": text(256),
        "metadata": metadata,
        "payment_method": text(),
        "invoice_settings": SETTINGS,
        "expand": EXPAND,
    }
)
BILLING = Fields({"email": email, "name": text(), "phone": text(), "address": ADDRESS})
NEW_METHOD = Fields(
    {
        "type": choice("card", "sepa_debit"),
        "card": Fields({"token": text()}, required=("token",)),
        "sepa_debit": Fields({"iban": text()}, required=("iban",)),
        "billing_details": BILLING,
        "expand": EXPAND,
    },
    required=("type",),
)
NOTHING = Fields({})
ATTACH = Fields({"customer": text(), "expand": EXPAND}, required=("customer",))


def create_customer(ledger: Ledger, params: Json) -> Json:
    """Somebody who pays."""
    wishes = NEW_CUSTOMER("", params)
    customer = shapes.customer(wishes.get("email"), ledger.now)
    customer.update({name: wishes[name] for name in ("description", "name", "metadata") if name in wishes})
    events.record(ledger, "customer.created", ledger.save(customer))
    if "payment_method" in wishes:
        method = _attach(ledger, wishes["payment_method"], customer)
        if wishes.get("invoice_settings", {}).get("default_payment_method") == wishes["payment_method"]:
            customer["invoice_settings"]["default_payment_method"] = method["id"]
    return ledger.save(customer)


def delete_customer(ledger: Ledger, params: Json, customer: str) -> Json:
    """What is known of somebody who pays is gone, cards too; their subscriptions end now."""
    NOTHING("", params)
    known = ledger.get("customer", customer)
    if known.get("deleted"):
        raise NoSuchObject("customer", customer)
    running: list[tuple[str, object]] = [
        ("json_extract(body, '$.customer') = ?", customer), ("json_extract(body, '$.status') <> ?", "canceled"),
    ]  # fmt: skip
    for subscription in ledger.page("subscription", running, limit=100, cursor={})[0]:
        subscriptions.end(ledger, subscription, reason="cancellation_requested")
    events.record(ledger, "customer.deleted", known)
    return ledger.save({"id": customer, "object": "customer", "deleted": True})


def create_method(ledger: Ledger, params: Json) -> Json:
    """A card by its token, or an account by its IBAN."""
    wishes = NEW_METHOD("", params)
    billing = dict(wishes.get("billing_details", {}))
    if "address" in billing:
        billing["address"] = shapes.address(billing["address"])
    if wishes["type"] not in wishes:
        raise InvalidRequest(
            f"Missing required param: {wishes['type']}.", param=wishes["type"], code="parameter_missing"
        )
    if wishes["type"] == "card":
        token = wishes["card"]["token"]
        if token not in known_cards.TOKENS:
            raise InvalidRequest(f"No such token: '{token}'", param="card[token]", code="resource_missing")
        return known_cards.make(ledger, "card", known_cards.TOKENS[token], billing=billing)
    iban = wishes["sepa_debit"]["iban"].replace(" ", "")
    return known_cards.make(ledger, "sepa_debit", known_cards.IBANS.get(iban, known_cards.GOOD), billing=billing)


def attach(ledger: Ledger, params: Json, method: str) -> Json:
    """From now on this is the customer's."""
    return _attach(ledger, method, ledger.get("customer", ATTACH("", params)["customer"]))


def _attach(ledger: Ledger, name: str, customer: Json) -> Json:
    method = known_cards.resolve(ledger, name, customer_id=customer["id"])
    method["customer"] = customer["id"]
    events.record(ledger, "payment_method.attached", ledger.save(method))
    return method


def create_product(ledger: Ledger, params: Json) -> Json:
    """Something to be paid for."""
    product = catalogue.new_product(ledger, params)
    events.record(ledger, "product.created", product)
    return product


def create_price(ledger: Ledger, params: Json) -> Json:
    """What it costs."""
    price = catalogue.new_price(ledger, params)
    events.record(ledger, "price.created", price)
    return price


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    api.post("/customers", endpoint="create_customer")(writes(create_customer))
    api.delete("/customers/<customer>", endpoint="delete_customer")(writes(delete_customer))
    api.post("/payment_methods", endpoint="create_payment_method")(writes(create_method))
    api.post("/payment_methods/<method>/attach", endpoint="attach_payment_method")(writes(attach))
    api.post("/products", endpoint="create_product")(writes(create_product))
    api.post("/prices", endpoint="create_price")(writes(create_price))
