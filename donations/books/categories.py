"""Stripe's reporting categories in the words of these books. Source: Stripe's page on reporting categories."""

GROSS = frozenset({"charge", "charge_failure", "partial_capture_reversal"})
REFUNDS = frozenset({"refund", "refund_failure"})
DISPUTES = frozenset({"dispute", "dispute_reversal"})
FEES = frozenset({"fee", "network_cost", "tax"})  # what Stripe bills apart from a payment; the amount is the fee
PAYOUTS = frozenset({"payout", "payout_reversal"})
KNOWN = GROSS | REFUNDS | DISPUTES | FEES | PAYOUTS
