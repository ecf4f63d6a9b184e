"""Objects that the API shows: one by its id, and lists of those that are asked for."""

from flask import Blueprint

from ..errors import InvalidRequest
from ..jsons import Json
from ..rules import Fields, Items, text
from ..session_fields import EXPAND
from ..store import Ledger
from .door import Verb, reads
from .listings import ALWAYS, lister, show

ONLY_EXPAND = Fields({"expand": EXPAND})

SHOWN = {
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "customers": "customer",
    "invoices": "invoice",
    "invoice_payments": "invoice_payment",
    "subscriptions": "subscription",
    "events": "event",
}
LISTED = {
    "payment_intents": {"customer": "$.customer"},
    "charges": {"customer": "$.customer", "payment_intent": "$.payment_intent"},
    "invoices": {
        "customer": "$.customer",
        "status": "$.status",
        "subscription": "$.parent.subscription_details.subscription",
    },
    "invoice_payments": {"invoice": "$.invoice", "status": "$.status"},
}
EVENT_LIST = Fields({**ALWAYS, "type": text(100), "types": Items(text(100), most=20)})


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
    page = show(ledger, "event", "/v1/events", checked, conditions)
    page["data"] = [_with_pending(ledger, event) for event in page["data"]]
    return page


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
