"""The account's balance: every charge, refund, dispute and payout is one entry, with what Stripe keeps of it."""

from . import money
from .jsons import Json
from .shapes import balance as shapes
from .store import Ledger

PROCESSING = "Stripe processing fees"
DISPUTE_FEE = 1500  # minor units of any currency
# Thousandths of the amount, then whether the currency's fixed part comes on top, then the least and the most.
RATES: dict[str, tuple[int, bool, int, int]] = {
    "card": (29, True, 0, 10**12),
    "paypal": (29, True, 0, 10**12),
    "sepa_debit": (0, False, 35, 35),
    "bacs_debit": (10, False, 20, 400),
}

AVAILABLE = (
    "SELECT json_extract(body, '$.currency') AS currency, sum(json_extract(body, '$.net')) AS amount"
    " FROM objects WHERE kind = 'balance_transaction' GROUP BY 1 ORDER BY 1"
)


def available(ledger: Ledger) -> list[Json]:
    """What no payout has taken yet: an amount for each currency that ever had an entry."""
    return [dict(row) for row in ledger.connection.execute(AVAILABLE).fetchall()]


def fee_of(charge: Json) -> int:
    """What Stripe keeps of a charge, in minor units."""
    rate, fixed, least, most = RATES[charge["payment_method_details"]["type"]]
    share = (charge["amount"] * rate + 500) // 1000
    share += money.FIXED_FEE.get(charge["currency"], money.USUAL_FIXED_FEE) if fixed else 0
    return min(max(share, least), most)


def enter(
    ledger: Ledger, source: Json, *, kind: str, category: str, amount: int, fee: int = 0, fee_name: str = PROCESSING
) -> Json:
    """Write an entry that is available at once; gives the balance transaction."""
    entry = shapes.transaction(
        source, kind=kind, category=category, amount=amount, fee=fee, fee_name=fee_name, now=ledger.now
    )
    return ledger.save(entry)


def enter_charge(ledger: Ledger, charge: Json) -> None:
    """A charge was paid: book it less the fee, and note the entry on the charge."""
    kind = "charge" if by_card(charge) else "payment"
    entry = enter(ledger, charge, kind=kind, category="charge", amount=charge["amount"], fee=fee_of(charge))
    charge["balance_transaction"] = entry["id"]


def by_card(charge: Json) -> bool:
    """Whether a card paid; Stripe names and numbers other payments otherwise."""
    return charge["payment_method_details"]["type"] == "card"
