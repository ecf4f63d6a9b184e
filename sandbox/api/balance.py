"""/v1/balance: what the entries that no payout has taken yet add up to."""

from flask import Blueprint

from ..jsons import Json
from ..rules import EXPAND, Fields
from ..store import Ledger
from .door import reads

AVAILABLE = (
    "SELECT json_extract(body, '$.currency') AS currency, sum(json_extract(body, '$.net')) AS amount"
    " FROM objects WHERE kind = 'balance_transaction' GROUP BY 1 ORDER BY 1"
)
PENDING = (
    "SELECT json_extract(body, '$.currency') AS currency, sum(json_extract(body, '$.amount')) AS amount"
    " FROM objects WHERE kind = 'charge' AND json_extract(body, '$.status') = 'pending' GROUP BY 1 ORDER BY 1"
)


def show_balance(ledger: Ledger, params: Json) -> Json:
    """Entries are available, charges that the bank has not answered are pending."""
    Fields({"expand": EXPAND})("", params)
    return {
        "object": "balance",
        "available": _sums(ledger, AVAILABLE),
        "livemode": False,
        "pending": _sums(ledger, PENDING),
    }


def _sums(ledger: Ledger, query: str) -> list[Json]:
    rows = ledger.connection.execute(query).fetchall()
    return [{"amount": row["amount"], "currency": row["currency"]} for row in rows]


def register(api: Blueprint) -> None:
    """Hang the route into the API."""
    api.get("/balance", endpoint="show_balance")(reads(show_balance))
