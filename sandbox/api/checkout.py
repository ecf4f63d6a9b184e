"""/v1/checkout/sessions."""

from flask import Blueprint

from .. import checkout
from ..jsons import Json
from ..rules import EXPAND, Fields
from ..store import Ledger
from .door import reads, writes
from .listings import lister

ONLY_EXPAND = Fields({"expand": EXPAND})
FILTERS = {
    "status": "$.status",
    "payment_intent": "$.payment_intent",
    "subscription": "$.subscription",
    "customer": "$.customer",
}


def create(ledger: Ledger, params: Json) -> Json:
    """Open a session."""
    return checkout.create(ledger, params)


def expire(ledger: Ledger, params: Json, session: str) -> Json:
    """End an open session."""
    ONLY_EXPAND("", params)
    return checkout.expire(ledger, session)


def line_items(ledger: Ledger, params: Json, session: str) -> Json:
    """What is paid for; a session has few lines, so they come in one page."""
    ONLY_EXPAND("", {name: value for name, value in params.items() if name != "limit"})
    ledger.get("checkout.session", session)
    return ledger.hidden(session)["expandable"]["line_items"]


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    base = "/checkout/sessions"
    api.post(base, endpoint="create_session")(writes(create))
    api.get(base, endpoint="list_sessions")(reads(lister("checkout.session", f"/v1{base}", FILTERS)))
    api.post(f"{base}/<session>/expire", endpoint="expire_session")(writes(expire))
    api.get(f"{base}/<session>/line_items", endpoint="session_line_items")(reads(line_items))
