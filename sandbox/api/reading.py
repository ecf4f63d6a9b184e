"""Objects that the API shows: one by its id, and lists of those that are asked for."""

from flask import Blueprint

from ..errors import InvalidRequest
from ..jsons import Json
from ..rules import EXPAND, Fields, Items, choice, flag, text
from ..store import Ledger
from .door import Verb, reads
from .listings import ALWAYS, lister, show

ONLY_EXPAND = Fields({"expand": EXPAND})

SHOWN = {
    "balance_transactions": "balance_transaction",
    "charges": "charge",
    "checkout/sessions": "checkout.session",
    "customers": "customer",
    "disputes": "dispute",
    "events": "event",
    "invoice_payments": "invoice_payment",
    "invoices": "invoice",
    "mandates": "mandate",
    "payment_intents": "payment_intent",
    "payment_methods": "payment_method",
    "payouts": "payout",
    "prices": "price",
    "products": "product",
    "radar/early_fraud_warnings": "radar.early_fraud_warning",
    "refunds": "refund",
    "subscriptions": "subscription",
}
OF_A_PAYMENT = {"charge": "$.charge", "payment_intent": "$.payment_intent"}
LISTED = {
    "balance_transactions": {
        "currency": "$.currency",
        "payout": "hidden $.payout",
        "source": "$.source",
        "type": "$.type",
    },
    "charges": {"customer": "$.customer", "payment_intent": "$.payment_intent"},
    "customers": {"email": "$.email"},
    "disputes": OF_A_PAYMENT,
    "invoices": {
        "customer": "$.customer",
        "status": "$.status",
        "subscription": "$.parent.subscription_details.subscription",
    },
    "payment_intents": {"customer": "$.customer"},
    "payment_methods": {"customer": "$.customer", "type": "$.type"},
    "payouts": {"status": "$.status"},
    "prices": {"product": "$.product"},
    "products": {},
    "radar/early_fraud_warnings": OF_A_PAYMENT,
    "refunds": OF_A_PAYMENT,
}
PAYMENT = Fields({"type": choice("payment_intent"), "payment_intent": text()}, required=("type",))
INVOICE_PAYMENT_LIST = Fields(
    {**ALWAYS, "invoice": text(), "status": choice("canceled", "open", "paid"), "payment": PAYMENT}
)
STATES = ("active", "past_due", "canceled")
SUBSCRIPTION_LIST = Fields({**ALWAYS, "customer": text(), "price": text(), "status": choice(*STATES, "all", "ended")})
EVENT_LIST = Fields({**ALWAYS, "type": text(100), "types": Items(text(100), most=20), "delivery_success": flag})


def shower(kind: str) -> Verb:
    """A verb that gives one object of the kind."""

    def show_one(ledger: Ledger, params: Json, object_id: str) -> Json:
        ONLY_EXPAND("", params)
        return _with_pending(ledger, ledger.get(kind, object_id))

    return show_one


def list_events(ledger: Ledger, params: Json) -> Json:
    """Events newest first; `type` may end in `.*`, `types` are exact."""
    checked = EVENT_LIST("", params)
    if "type" in checked and "types" in checked:
        raise InvalidRequest("You may only specify one of these parameters: type, types.", param="type")
    conditions: list[tuple[str, object]] = []
    if "type" in checked:
        conditions.append(("json_extract(body, '$.type') GLOB ?", checked["type"]))
    if "types" in checked:
        listed = ",".join(checked["types"])
        conditions.append(("instr(',' || ? || ',', ',' || json_extract(body, '$.type') || ',')", listed))
    if "delivery_success" in checked:
        delivered = "SELECT delivered IS NOT NULL FROM deliveries WHERE event = objects.id"
        conditions.append((f"({delivered}) = ?", int(checked["delivery_success"])))
    page = show(ledger, "event", "/v1/events", checked, conditions)
    page["data"] = [_with_pending(ledger, event) for event in page["data"]]
    return page


def list_invoice_payments(ledger: Ledger, params: Json) -> Json:
    """What was paid on an invoice, or which invoice a PaymentIntent paid."""
    checked = INVOICE_PAYMENT_LIST("", params)
    wanted = {
        "$.invoice": checked.get("invoice"),
        "$.status": checked.get("status"),
        "$.payment.payment_intent": checked.get("payment", {}).get("payment_intent"),
    }
    return show(ledger, "invoice_payment", "/v1/invoice_payments", checked, _equal(wanted))


def list_subscriptions(ledger: Ledger, params: Json) -> Json:
    """All that have not ended, or those of a state."""
    checked = SUBSCRIPTION_LIST("", params)
    status = {"ended": "canceled"}.get(checked.get("status", ""), checked.get("status"))
    price = checked.get("price")
    conditions = _equal({"$.customer": checked.get("customer"), "$.items.data[0].price.id": price})
    if status is None:
        conditions.append(("json_extract(body, '$.status') <> ?", "canceled"))
    elif status != "all":
        conditions += _equal({"$.status": status})
    return show(ledger, "subscription", "/v1/subscriptions", checked, conditions)


def _equal(wanted: Json) -> list[tuple[str, object]]:
    return [(f"json_extract(body, '{place}') = ?", value) for place, value in wanted.items() if value is not None]


def _with_pending(ledger: Ledger, shown: Json) -> Json:
    if shown["object"] == "event":
        waiting = "SELECT count(*) AS n FROM deliveries WHERE event = ? AND delivered IS NULL"
        shown["pending_webhooks"] = ledger.connection.execute(waiting, (shown["id"],)).fetchone()["n"]
    return shown


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    for path, kind in SHOWN.items():
        api.get(f"/{path}/<object_id>", endpoint=f"show_{kind.replace('.', '_')}")(reads(shower(kind)))
    for path, filters in LISTED.items():
        api.get(f"/{path}", endpoint=f"list_{path}")(reads(lister(SHOWN[path], f"/v1/{path}", filters)))
    api.get("/events", endpoint="list_events")(reads(list_events))
    api.get("/invoice_payments", endpoint="list_invoice_payments")(reads(list_invoice_payments))
    api.get("/subscriptions", endpoint="list_subscriptions")(reads(list_subscriptions))
