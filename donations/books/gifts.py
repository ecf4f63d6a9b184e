"""The payment behind each movement of the balance, with its gift and the fund that it went to."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from core.db import db
from donations.books import accounts
from donations.books.lookup import AT_ONCE
from donations.books.models import BalanceTransaction
from donations.models import InvoicePayment, Payment


def payments_of(lines: Sequence[BalanceTransaction]) -> dict[str, Payment]:
    """Payments by the PaymentIntent that the movements name; what no gift here knows is absent."""
    intents = sorted({line.payment_intent for line in lines if line.payment_intent})
    found: dict[str, Payment] = {}
    for start in range(0, len(intents), AT_ONCE):
        some = intents[start : start + AT_ONCE]
        through = select(InvoicePayment).where(InvoicePayment.payment_intent.in_(some))
        names = {intent: intent for intent in some}
        names |= {row.payment_intent: row.invoice_id for row in db.session.scalars(through)}
        query = select(Payment).where(Payment.stripe_id.in_(sorted(set(names.values()))))
        whole = query.options(joinedload(Payment.donation), joinedload(Payment.case))
        payments = {payment.stripe_id: payment for payment in db.session.scalars(whole)}
        found |= {intent: payments[name] for intent, name in names.items() if name in payments}
    return found


def fund_of(line: BalanceTransaction, payments: dict[str, Payment]) -> str:
    """The last part of the accounts that a movement is booked on: wherever its gift goes since, what was paid stays."""
    payment = payments.get(line.payment_intent)
    return accounts.fund(payment.case) if payment else accounts.UNMATCHED
