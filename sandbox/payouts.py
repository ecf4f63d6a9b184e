"""Payouts: what is available goes to the bank, each currency for itself."""

from . import balance, events
from .errors import InvalidRequest
from .jsons import Json
from .shapes import balance as shapes
from .store import Ledger

NOT_PAID_OUT = (
    "SELECT id, json_extract(body, '$.currency') AS currency, json_extract(body, '$.net') AS net FROM objects"
    " WHERE kind = 'balance_transaction' AND json_extract(hidden, '$.payout') IS NULL ORDER BY seq"
)


def pay_out(ledger: Ledger) -> list[Json]:
    """Pay out everything available; raises InvalidRequest where there is nothing. A currency below zero waits."""
    waiting: dict[str, dict[str, int]] = {}
    for row in ledger.connection.execute(NOT_PAID_OUT).fetchall():
        waiting.setdefault(row["currency"], {})[row["id"]] = row["net"]
    made = [_pay_out(ledger, currency, entries) for currency, entries in waiting.items() if sum(entries.values()) > 0]
    if not made:
        raise InvalidRequest("There is nothing to pay out.", code="balance_insufficient")
    return made


def _pay_out(ledger: Ledger, currency: str, entries: dict[str, int]) -> Json:
    amount = sum(entries.values())
    payout = ledger.save(shapes.payout(amount, currency, ledger.now))
    entry = balance.enter(ledger, payout, kind="payout", category="payout", amount=-amount)
    for entry_id in (*entries, entry["id"]):
        ledger.hide(entry_id, payout=payout["id"])
    payout["balance_transaction"] = entry["id"]
    events.record(ledger, "payout.created", ledger.save(payout))
    payout["status"] = "paid"
    events.record(ledger, "payout.paid", ledger.save(payout))
    payout["reconciliation_status"] = "completed"
    events.record(ledger, "payout.reconciliation_completed", ledger.save(payout))
    return payout
