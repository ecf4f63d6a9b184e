"""Gifts found for the list: by a number of ours or of Stripe's, by state, fund and currency, page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from core.db import db
from donations.models import Donation, InvoicePayment, Payment, PaymentStatus
from donations.papers import numbers
from donations.reversals import services as reversals
from donations.reversals.models import Dispute, Refund
from organisers.accounts.scope import Cases, visible

PAGE = 50
GENERAL = "general"  # in the fund filter; a case is named by its id


@dataclass(frozen=True)
class Row:
    """One line of the list: the gift, its state, and how many payments of it were paid."""

    gift: Donation
    state: str
    payments: int


@dataclass(frozen=True)
class Found:
    """A page of gifts, the newest first; `before` is where the next page begins, None on the last."""

    rows: Sequence[Row]
    before: int | None


def _payment(status: PaymentStatus) -> ColumnElement[bool]:
    return exists().where(Payment.donation_id == Donation.id, Payment.status == status)


def _reached_by(*conditions: Any) -> Select[int]:
    """Donations of payments that a refund or dispute takes from, directly or through an invoice."""
    through = InvoicePayment.invoice_id == Payment.stripe_id
    return select(Payment.donation_id).outerjoin(InvoicePayment, through).where(*conditions)


def _taken_from_by(table: type[Refund] | type[Dispute], statuses: Sequence[Any]) -> ColumnElement[bool]:
    intents = select(table.payment_intent).where(table.status.in_(statuses))
    named = or_(Payment.stripe_id.in_(intents), InvoicePayment.payment_intent.in_(intents))
    return Donation.id.in_(_reached_by(named))


# From the state that says most to the one that says least: a gift is in the first that holds.
STATES: dict[str, Callable[[], ColumnElement[bool]]] = {
    "disputed": lambda: _taken_from_by(Dispute, reversals.TAKEN),
    "refunded": lambda: _taken_from_by(Refund, reversals.GOING),
    "paid": lambda: _payment(PaymentStatus.PAID),
    "pending": lambda: _payment(PaymentStatus.PENDING),
    "failed": lambda: _payment(PaymentStatus.FAILED),
    "unpaid": lambda: ~exists().where(Payment.donation_id == Donation.id),
}


def gifts(
    *,
    number: str = "",
    state: str = "",
    fund: str = "",
    currency: str = "",
    cases: Cases = None,
    before: int | None = None,
) -> Found:
    """A page of the gifts to these cases, or of all, that match everything that is not blank."""
    conditions = [*_matching(number.strip()), *_of_fund(fund)]
    if state:
        conditions.append(_in_state(state))
    if currency:
        conditions.append(Donation.currency == currency)
    if before is not None:
        conditions.append(Donation.id < before)
    query = (
        visible(select(Donation), Donation.case_id, cases)
        .where(*conditions)
        .options(joinedload(Donation.case))
        .order_by(Donation.id.desc())
    )
    found = list(db.session.scalars(query.limit(PAGE + 1)))
    shown = found[:PAGE]
    return Found(_rows(shown), shown[-1].id if len(found) > PAGE else None)


def state_of(gift: Donation) -> str:
    """The state that the list names."""
    return _rows([gift])[0].state


def _in_state(state: str) -> ColumnElement[bool]:
    stronger = list(STATES)[: list(STATES).index(state)]
    return and_(STATES[state](), *(~STATES[other]() for other in stronger))


def _rows(shown: Sequence[Donation]) -> list[Row]:
    ids = [gift.id for gift in shown]
    states: dict[int, str] = {}
    for name, holds in STATES.items():
        for found in db.session.scalars(select(Donation.id).where(Donation.id.in_(ids), holds())):
            states.setdefault(found, name)
    paid = (Payment.donation_id.in_(ids), Payment.status == PaymentStatus.PAID)
    counted = select(Payment.donation_id, func.count()).where(*paid).group_by(Payment.donation_id)
    counts = {donation_id: count for donation_id, count in db.session.execute(counted)}
    return [Row(gift, states[gift.id], counts.get(gift.id, 0)) for gift in shown]


def _of_fund(fund: str) -> list[ColumnElement[bool]]:
    """Gifts that go to a fund, and those of which it has a payment from before they went elsewhere."""
    if not fund:
        return []
    case_id = None if fund == GENERAL else int(fund)
    paid = exists().where(Payment.donation_id == Donation.id, Payment.case_id.is_not_distinct_from(case_id))
    return [or_(Donation.case_id.is_not_distinct_from(case_id), paid)]


def _matching(number: str) -> list[ColumnElement[bool]]:
    """The whole number of a gift or receipt, or Stripe's of a session, subscription, payment, invoice, refund or dispute."""
    if not number:
        return []
    intents = [select(table.payment_intent).where(table.id == number) for table in (Refund, Dispute)]
    named = or_(
        numbers.is_called(number), Payment.stripe_id == number, InvoicePayment.payment_intent == number,
        *(Payment.stripe_id.in_(each) for each in intents), *(InvoicePayment.payment_intent.in_(each) for each in intents),
    )  # fmt: skip
    ours = [Donation.public_id == number, Donation.session_id == number, Donation.subscription_id == number]
    return [or_(*ours, Donation.id.in_(_reached_by(named)))]
