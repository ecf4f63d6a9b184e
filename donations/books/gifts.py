"""The gift behind each movement of the balance."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from core.db import db
from donations.books import accounts
from donations.books.lookup import AT_ONCE
from donations.books.models import BalanceTransaction
from donations.models import Donation, InvoicePayment, Payment


def gifts_of(lines: Sequence[BalanceTransaction]) -> dict[str, Donation]:
    """Donations by the PaymentIntent that the movements name; what no gift here knows is absent."""
    intents = sorted({line.payment_intent for line in lines if line.payment_intent})
    found: dict[str, Donation] = {}
    for start in range(0, len(intents), AT_ONCE):
        some = intents[start : start + AT_ONCE]
        through = select(InvoicePayment).where(InvoicePayment.payment_intent.in_(some))
        names = {intent: intent for intent in some}
        names |= {row.payment_intent: row.invoice_id for row in db.session.scalars(through)}
        query = select(Payment).where(Payment.stripe_id.in_(sorted(set(names.values()))))
        whole = query.options(joinedload(Payment.donation).joinedload(Donation.case))
        payments = {payment.stripe_id: payment.donation for payment in db.session.scalars(whole)}
        found |= {intent: payments[name] for intent, name in names.items() if name in payments}
    return found


def fund_of(line: BalanceTransaction, gifts: dict[str, Donation]) -> str:
    """The last part of the accounts that a movement is booked on."""
    gift = gifts.get(line.payment_intent)
    return accounts.fund(gift.case) if gift else accounts.UNMATCHED
