"""What the driving page shows: the latest of everything that a button can change."""

from .. import balance, invoices, methods, switches
from ..jsons import Json
from ..store import Ledger

MOST = 25

DELIVERED_EVENTS = (
    "SELECT objects.id, json_extract(body, '$.type') AS type, created, attempts, delivered, next_attempt,"
    " last_status, last_error FROM objects JOIN deliveries ON deliveries.event = objects.id"
    " ORDER BY objects.seq DESC LIMIT ?"
)


def everything(ledger: Ledger) -> Json:
    """The rows of each table."""
    return {
        "switches": _switches(ledger),
        "rows": [_session(ledger, session) for session in _latest(ledger, "checkout.session")],
        "charges": [_charge(charge) for charge in _latest(ledger, "charge", ("$.status", "succeeded"))],
        "refunds": _latest(ledger, "refund"),
        "disputes": _latest(ledger, "dispute"),
        "available": [sum_ for sum_ in balance.available(ledger) if sum_["amount"]],
        "payouts": _latest(ledger, "payout"),
        "events": ledger.connection.execute(DELIVERED_EVENTS, (MOST,)).fetchall(),
    }


def _switches(ledger: Ledger) -> list[Json]:
    state = switches.state(ledger)
    return [
        {
            "name": each.name,
            "words": each.words(state[each.name]),
            "usual": state[each.name] == each.usual,
            "others": [(n, each.button(n)) for n in (each.usual, *each.values) if n != state[each.name]],
        }
        for each in switches.SWITCHES
    ]


def _latest(ledger: Ledger, kind: str, *wanted: tuple[str, object]) -> list[Json]:
    conditions = [(f"json_extract(body, '{place}') = ?", value) for place, value in wanted]
    return ledger.page(kind, conditions, limit=MOST, cursor={})[0]


def _session(ledger: Ledger, session: Json) -> Json:
    hidden = ledger.hidden(session["id"])
    intent = ledger.find(hidden["intent"]) if hidden["intent"] else None
    subscription = ledger.find(session["subscription"]) if session["subscription"] else None
    return {
        "session": session,
        "line": hidden["lines"][0],
        "pending": session["status"] == "complete" and intent and intent["status"] == "processing",
        "subscription": subscription,
        "renewal_pending": subscription is not None and _renewal_pending(ledger, subscription),
        "debit": subscription is not None and _by_debit(ledger, subscription),
    }


def _renewal_pending(ledger: Ledger, subscription: Json) -> bool:
    invoice = ledger.get("invoice", subscription["latest_invoice"])
    renewal = invoice["billing_reason"] == "subscription_cycle"
    return renewal and invoices.intent_of(ledger, invoice)["status"] == "processing"


def _by_debit(ledger: Ledger, subscription: Json) -> bool:
    chosen = subscription["default_payment_method"]
    return chosen is not None and methods.MEANS[ledger.get("payment_method", chosen)["type"]].debit


def _charge(charge: Json) -> Json:
    back = charge["amount_refunded"]
    state = "refunded" if charge["refunded"] else "partly refunded" if back else "paid"
    return {"charge": charge, "state": state, "by_card": balance.by_card(charge)}
