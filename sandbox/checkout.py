"""Checkout Sessions: made by the API, ended by a person or by time."""

from . import catalogue, events, methods, payments
from .errors import InvalidRequest
from .jsons import Json
from .session_fields import check_prices, check_session
from .shapes import sessions as shapes
from .store import Ledger, Store


def create(ledger: Ledger, params: Json) -> Json:
    """An open session from raw parameters; raises InvalidRequest."""
    checked = check_session(params, ledger.now)
    if "customer" in checked:
        ledger.get("customer", checked["customer"])
    lines = checked["line_items"]
    prices = [catalogue.priced(ledger, line, f"line_items[{number}]") for number, line in enumerate(lines)]
    check_prices(checked, prices)
    items = [
        shapes.line_item(line, price, ledger.get("product", price["product"])["name"])
        for line, price in zip(lines, prices, strict=True)
    ]
    kinds = checked.get("payment_method_types") or methods.offered(prices[0]["currency"])
    session = ledger.save(shapes.session(checked, items=items, kinds=kinds, base_url=ledger.base_url, now=ledger.now))
    ledger.hide(
        session["id"],
        lines=items,
        intent=None,
        payment_intent_data=checked.get("payment_intent_data", {}),
        subscription_data=checked.get("subscription_data", {}),
        expandable={"line_items": shapes.line_item_list(session["id"], items)},
    )
    return session


def expire(ledger: Ledger, session_id: str) -> Json:
    """End an open session unpaid; raises InvalidRequest for any other."""
    session = ledger.get("checkout.session", session_id)
    if session["status"] != "open":
        raise InvalidRequest(
            f"Only Checkout Sessions with a status in ['open'] can be expired. This one is {session['status']}."
        )
    session.update(status="expired", url=None)
    ledger.save(session)
    intent_id = ledger.hidden(session_id)["intent"]
    if intent_id:
        payments.cancel(ledger, ledger.get("payment_intent", intent_id))
    events.record(ledger, "checkout.session.expired", session)
    return session


def expire_due(store: Store) -> int:
    """Expire every open session whose time has passed; gives how many."""
    overdue = [
        ("json_extract(body, '$.status') = ?", "open"),
        ("json_extract(body, '$.expires_at') <= ?", store.clock()),
    ]
    with store.reading() as ledger:
        found, _ = ledger.page("checkout.session", overdue, limit=100, cursor={})
    for session in found:
        _expire_if_open(store, session["id"])
    return len(found)


def _expire_if_open(store: Store, session_id: str) -> None:
    with store.writing() as ledger:
        if ledger.get("checkout.session", session_id)["status"] == "open":
            expire(ledger, session_id)
