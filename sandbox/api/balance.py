"""/v1/balance: what the charges add up to. Nothing is ever paid out of a sandbox."""

from flask import Blueprint

from ..jsons import Json
from ..rules import Fields
from ..session_fields import EXPAND
from ..store import Ledger
from .door import reads

SUM_OF = (
    "SELECT json_extract(body, '$.currency') AS currency, sum(json_extract(body, '$.amount')) AS amount"
    " FROM objects WHERE kind = 'charge' AND json_extract(body, '$.status') = ? GROUP BY 1 ORDER BY 1"
)


def show_balance(ledger: Ledger, params: Json) -> Json:
    """Succeeded charges are available, pending ones are pending."""
    Fields({"expand": EXPAND})("", params)
    return {
        "object": "balance",
        "available": _sums(ledger, "succeeded"),
        "livemode": False,
        "pending": _sums(ledger, "pending"),
    }


def _sums(ledger: Ledger, status: str) -> list[Json]:
    rows = ledger.connection.execute(SUM_OF, (status,)).fetchall()
    return [{"amount": row["amount"], "currency": row["currency"]} for row in rows]


def register(api: Blueprint) -> None:
    """Hang the route into the API."""
    api.get("/balance", endpoint="show_balance")(reads(show_balance))
