"""The chart of accounts. Names are Beancount's: a capital or a digit, then letters, digits and dashes."""

from cases.models import Case

STRIPE = "Assets:Stripe"  # what Stripe holds for us
BANK = "Assets:Bank"
CASH = "Assets:Cash"
ELSEWHERE = "Assets:Elsewhere"  # a gift that came neither by bank nor in cash
FEES = "Expenses:Payment-fees"
DISPUTE_FEES = "Expenses:Dispute-fees"
OTHER = "Equity:Stripe-other"  # what these books have no word for; a reconciliation lists it
GIFTS = "Income:Gifts"
REFUNDS = "Income:Refunds"  # both take away from the gifts of the same fund
DISPUTES = "Income:Disputes"
UNMATCHED = "Unmatched"  # money that no gift here knows
GENERAL = "General"


def fund(case: Case | None) -> str:
    """The last part of a fund's accounts."""
    return f"Case-{case.slug}" if case else GENERAL
