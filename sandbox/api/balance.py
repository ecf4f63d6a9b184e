"""/v1/balance: what the entries that no payout has taken yet add up to."""

from flask import Blueprint

from .. import balance
from ..jsons import Json
from ..rules import EXPAND, Fields
from ..store import Ledger
from .door import reads

PENDING = (
    "SELECT json_extract(body, '$.currency') AS currency, sum(json_extract(body, '$.amount')) AS amount"
    " FROM objects WHERE kind = 'charge' AND json_extract(body, '$.status') = 'pending' GROUP BY 1 ORDER BY 1"
)


def show_balance(ledger: Ledger, params: Json) -> Json:
    """Entries are available, charges that the bank has not answered are pending."""
    Fields({"expand": EXPAND})("", params)
    return {
        "object": "balance",
        "available": balance.available(ledger),
        "livemode": False,
        "pending": [dict(row) for row in ledger.connection.execute(PENDING).fetchall()],
    }


def register(api: Blueprint) -> None:
    """Hang the route into the API."""
    api.get("/balance", endpoint="show_balance")(reads(show_balance))
