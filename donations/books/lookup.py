"""Our rows that movements of the balance speak of, and movements that our rows speak of."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from core.db import db
from core.money import Money
from donations.books import categories
from donations.books.comparison import Ledger, Ours
from donations.books.models import BalanceTransaction
from donations.models import InvoicePayment, Payment, PaymentStatus
from donations.reversals.models import Dispute, Refund
from donations.reversals.services import GOING, TAKEN

AT_ONCE = 500  # ids in one query


def families(ids: Iterable[str]) -> list[BalanceTransaction]:
    """The movements of these ids, and every other one of the same payment, refund or dispute, whenever it was."""
    own = list(_among(BalanceTransaction.id, ids))
    intents = {line.payment_intent for line in own if line.category in categories.GROSS and line.payment_intent}
    sources = {line.source for line in own if line.category in categories.REFUNDS | categories.DISPUTES}
    charges = [line for line in _among(BalanceTransaction.payment_intent, intents) if line.category in categories.GROSS]
    back = _among(BalanceTransaction.source, sources)
    return list({line.id: line for line in (*own, *charges, *back)}.values())


def ledger_of(lines: Iterable[BalanceTransaction]) -> Ledger:
    """What our rows say of what these movements are about."""
    lines = list(lines)
    intents = {line.payment_intent for line in lines if line.payment_intent}
    sources = {line.source for line in lines}
    ledger = Ledger(intents={intent: intent for intent in intents})
    for through in _rows(select(InvoicePayment), InvoicePayment.payment_intent, intents):
        ledger.intents[through.payment_intent] = through.invoice_id
    ids = intents | set(ledger.intents.values())
    for payment in _rows(select(Payment), Payment.stripe_id, ids):
        ledger.payments[payment.stripe_id] = Ours(payment.money, payment.status)
    for refund in _rows(select(Refund), Refund.id, sources):
        ledger.refunds[refund.id] = Ours(Money(refund.amount, refund.currency), refund.status)
    for dispute in _rows(select(Dispute), Dispute.id, sources):
        ledger.disputes[dispute.id] = Ours(Money(dispute.amount, dispute.currency), dispute.status)
    return ledger


def unseen_payments(since: datetime) -> Sequence[Payment]:
    """Payments made since then whose money no movement that we keep has brought."""
    through = select(InvoicePayment.payment_intent).where(InvoicePayment.invoice_id == Payment.stripe_id)
    intent = BalanceTransaction.payment_intent
    seen = select(BalanceTransaction.id).where(
        BalanceTransaction.category == "charge", (intent == Payment.stripe_id) | intent.in_(through)
    )
    paid = (Payment.status == PaymentStatus.PAID, Payment.paid_at >= since)
    return db.session.scalars(select(Payment).where(*paid, ~seen.exists()).order_by(Payment.id)).all()


def unseen_refunds(since: datetime) -> Sequence[Refund]:
    """Refunds made since then that no movement has taken."""
    going = (Refund.status.in_(GOING), Refund.created_at >= since)
    return db.session.scalars(select(Refund).where(*going, ~_moved(Refund.id)).order_by(Refund.id)).all()


def unseen_disputes(since: datetime) -> Sequence[Dispute]:
    """Disputes since then that count as taken, and that no movement has taken."""
    taken = (Dispute.status.in_(TAKEN), Dispute.created_at >= since)
    return db.session.scalars(select(Dispute).where(*taken, ~_moved(Dispute.id)).order_by(Dispute.id)).all()


def _moved(source: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return select(BalanceTransaction.id).where(BalanceTransaction.source == source).exists()


def _among(column: InstrumentedAttribute[str], values: Iterable[str]) -> Iterator[BalanceTransaction]:
    return _rows(select(BalanceTransaction), column, values)


def _rows(query: Select[Any], column: InstrumentedAttribute[str], values: Iterable[str]) -> Iterator[Any]:
    left = iter(sorted(values))
    while some := list(islice(left, AT_ONCE)):
        yield from db.session.scalars(query.where(column.in_(some)))
