"""Balance transactions, and the payouts that take them to a bank."""

from ..ids import new_id
from ..jsons import Json


def transaction(source: Json, *, kind: str, category: str, amount: int, fee: int, fee_name: str, now: int) -> Json:
    """One movement of the account's balance; `fee` is below zero where Stripe gives it back."""
    fee_detail = {
        "amount": fee,
        "application": None,
        "currency": source["currency"],
        "description": fee_name,
        "type": "stripe_fee",
    }
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [fee_detail] if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }


def payout(amount: int, currency: str, now: int) -> Json:
    """Money that has arrived at the bank."""
    return {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": now,
        "automatic": True,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": new_id("ba"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }
