"""/v1/invoiceitems and /v1/invoices: bills without a subscription. Reading is with the other objects."""

from flask import Blueprint

from .. import charging, events, invoices, known_cards, money
from ..errors import InvalidRequest
from ..jsons import Json
from ..rules import EXPAND, Fields, choice, metadata, text, whole
from ..shapes import invoices as shapes
from ..store import Ledger
from .door import writes

NEW_ITEM = Fields(
    {
        "amount": whole(-money.MOST, money.MOST),
        "currency": money.currency,
        "customer": text(),
        "description": text(),
        "metadata": metadata,
        "expand": EXPAND,
    },
    required=("customer", "amount", "currency"),
)
NEW = Fields(
    {
        "customer": text(),
        "description": text(),
        "metadata": metadata,
        "pending_invoice_items_behavior": choice("exclude", "include"),
        "expand": EXPAND,
    },
    required=("customer",),
)
PAY = Fields({"payment_method": text(), "expand": EXPAND})


def create_item(ledger: Ledger, params: Json) -> Json:
    """Something for the customer's next invoice."""
    wishes = NEW_ITEM("", params)
    customer = ledger.get("customer", wishes["customer"])
    item = ledger.save(shapes.invoice_item(customer["id"], wishes, ledger.now))
    events.record(ledger, "invoiceitem.created", item)
    return item


def create(ledger: Ledger, params: Json) -> Json:
    """A draft over what waits for the customer."""
    wishes = NEW("", params)
    customer = ledger.get("customer", wishes["customer"])
    waiting: list[tuple[str, object]] = [
        ("json_extract(body, '$.customer') = ?", customer["id"]),
        ("coalesce(json_extract(body, '$.invoice'), '') = ?", ""),
    ]
    items, _ = ledger.page("invoiceitem", waiting, limit=100, cursor={})
    if not items or wishes.get("pending_invoice_items_behavior") != "include":
        raise InvalidRequest("Nothing to invoice for customer", code="invoice_no_customer_line_items")
    return invoices.draft(ledger, customer, items, wishes)


def pay(ledger: Ledger, params: Json, invoice: str) -> Json:
    """Charge it now."""
    wishes = PAY("", params)
    customer = ledger.get("customer", ledger.get("invoice", invoice)["customer"])
    chosen = wishes.get("payment_method") or customer["invoice_settings"]["default_payment_method"]
    if not chosen:
        raise InvalidRequest("There is no `default_payment_method` set on this Customer or Invoice.")
    return charging.pay_invoice(ledger, invoice, known_cards.resolve(ledger, chosen, customer_id=customer["id"]))


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    api.post("/invoiceitems", endpoint="create_invoice_item")(writes(create_item))
    api.post("/invoices", endpoint="create_invoice")(writes(create))
    api.post("/invoices/<invoice>/pay", endpoint="pay_invoice")(writes(pay))
