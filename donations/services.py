"""What came of gifts: payments as Stripe reports them, and the sums that follow from them."""

import enum
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Integer,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from core import clock
from core.bundle import write
from core.db import UTCDateTime, db, insert
from core.jobs import enqueue
from core.money import Money
from donations.models import (
    Donation,
    Frequency,
    InvoicePayment,
    Outcome,
    Payment,
    PaymentStatus,
    SessionState,
    StripeEvent,
)  # fmt: skip
from donations.moving.models import Answer, FundQuestion
from donations.reversals import services as reversals
from donations.subscriptions import services as subscriptions

RANK = {PaymentStatus.PENDING: 0, PaymentStatus.FAILED: 1, PaymentStatus.PAID: 2}
MESSAGES = {PaymentStatus.PAID: "donations.receipt", PaymentStatus.FAILED: "donations.failure"}
ATTENTION = (Outcome.UNMATCHED, Outcome.QUARANTINED)
SECOND = timedelta(seconds=1)  # Stripe tells no finer time: what came in the second of a move came after it
SESSION_ID = re.compile(r"[\w-]{1,255}", re.ASCII)


class OtherTerms(ValueError):
    """The money is not what the donor agreed to here: another amount, currency or rhythm."""


@dataclass(frozen=True)
class Trouble:
    """Why an invoice is not paid yet: tries so far, the next one, and Stripe's page where the donor can help."""

    attempts: int
    retry_at: datetime | None
    action_url: str
    renewal: bool


class Progress(enum.StrEnum):
    """What a donor who comes back from Stripe may be told."""

    RECEIVED = "received"
    CONFIRMING = "confirming"
    FAILED = "failed"
    UNKNOWN = "unknown"


ENDS = {PaymentStatus.PAID: Progress.RECEIVED, PaymentStatus.FAILED: Progress.FAILED}


def check_terms(donation: Donation, *, amount: int | None, currency: str | None, recurring: bool) -> Money:
    """What Stripe's words (its own minor units) amount to, if the donor agreed to it here. Raises OtherTerms."""
    agreed = (donation.money.stripe_minor, donation.currency.lower(), donation.frequency != Frequency.ONCE)
    found = (amount, str(currency).lower(), recurring)
    if found == agreed:
        return donation.money
    if recurring and found[1:] == agreed[1:]:
        for later in subscriptions.agreed_amounts(donation):
            if amount == (money := Money(later, donation.currency)).stripe_minor:
                return money
    raise OtherTerms(f"agreed {agreed[0]} {agreed[1]}, found {found[0]} {found[1]}")


def record_payment(
    donation: Donation,
    stripe_id: str,
    *,
    status: PaymentStatus,
    at: datetime,
    money: Money,
    trouble: Trouble | None = None,
) -> None:
    """Notes how far a payment has come; it never falls back. The donor is written to once for each end, and each try.

    Its fund is the gift's `at` that time, though the news may come after a move. `money` is what `check_terms` gave."""
    values = {
        "stripe_id": stripe_id, "donation_id": donation.id, "meant_for": donation.case_id, "of": donation.id, "by": at + SECOND,
        "amount": money.minor, "currency": money.currency, "status": status,
        "created_at": clock.now(), "paid_at": at if status == PaymentStatus.PAID else None,
        "attempts": trouble.attempts if trouble else 0, "retry_at": trouble.retry_at if trouble else None,
        "action_url": trouble.action_url if trouble else "",
    }  # fmt: skip
    write(_risen(db.engine.dialect.name), values)
    if trouble and trouble.renewal:
        kind, key = "donations.dunning", f"{stripe_id}:{trouble.attempts}"
        enqueue(kind, {"payment": stripe_id, "action": status != PaymentStatus.FAILED}, key=f"{kind}:{key}")
    elif status in MESSAGES:  # promised also where the payment did not rise: its job looks how it stands then
        kind = MESSAGES[status]
        enqueue(kind, {"payment": stripe_id}, key=f"{kind}:{stripe_id}")


@cache
def _risen(dialect: str) -> Any:
    new = insert(Payment.__table__).values(case_id=_fund_then())
    rises = case(RANK, value=Payment.status) < case(RANK, value=new.excluded.status)
    tried = and_(Payment.status != PaymentStatus.PAID, Payment.attempts < new.excluded.attempts)
    told = {name: case((rises, new.excluded[name]), else_=Payment.__table__.c[name]) for name in ("status", "paid_at")}
    told |= {
        name: case((Payment.attempts < new.excluded.attempts, new.excluded[name]), else_=Payment.__table__.c[name])
        for name in ("attempts", "retry_at", "action_url")
    }
    known = and_(Payment.donation_id == new.excluded.donation_id, or_(rises, tried))
    return new.on_conflict_do_update(index_elements=["stripe_id"], set_=told, where=known)


def _fund_then() -> ColumnElement[int | None]:
    """The fund of the gift `of` `by` a moment: what it was moved from first since then, else what it is `meant_for`."""
    moved = (FundQuestion.donation_id == bindparam("of", type_=BigInteger), FundQuestion.answer == Answer.MOVED)
    since = FundQuestion.answered_at >= bindparam("by", type_=UTCDateTime())
    first = select(FundQuestion.case_id).where(*moved, since).order_by(FundQuestion.answered_at).limit(1)
    return func.coalesce(first.scalar_subquery(), bindparam("meant_for", type_=Integer))


def record_invoice_payment(invoice_id: str, payment_intent: str) -> None:
    """Keeps which PaymentIntent paid an invoice, known or not yet: a refund names nothing else."""
    write(_kept(db.engine.dialect.name), {"invoice_id": invoice_id, "payment_intent": payment_intent})
    reversals.promise_look(payment_intent)  # a refund that came first is the payment's from now on


@cache
def _kept(dialect: str) -> Any:
    return insert(InvoicePayment.__table__).on_conflict_do_nothing(index_elements=["payment_intent"])


def get_payment(stripe_id: str) -> Payment:
    """The payment of a PaymentIntent (once) or an invoice. Raises NoResultFound."""
    return db.session.scalars(select(Payment).where(Payment.stripe_id == stripe_id)).one()


def find_payment(payment_intent: str) -> Payment | None:
    """The payment that a PaymentIntent made, directly or through an invoice."""
    invoice = select(InvoicePayment.invoice_id).where(InvoicePayment.payment_intent == payment_intent).scalar_subquery()
    query = select(Payment).where((Payment.stripe_id == payment_intent) | (Payment.stripe_id == invoice))
    return db.session.scalar(query)


def complete_session(donation: Donation, session_id: str, subscription_id: str | None) -> None:
    """Ends a session that the donor went through, and remembers its subscription."""
    donation.session_state, donation.session_id = SessionState.COMPLETE, session_id
    if subscription_id:
        donation.subscription_id = subscription_id


def bind_subscription(donation: Donation, subscription_id: str) -> None:
    """Remembers the subscription of an invoice that came before its session's end."""
    donation.subscription_id = subscription_id


def expire_session(session_id: str) -> bool:
    """Ends a session that nobody went through; False where it had ended otherwise, or is not ours."""
    mine = (Donation.session_id == session_id) & (Donation.session_state == SessionState.OPEN)
    ended: CursorResult[Any] = db.session.execute(  # type: ignore[assignment]
        update(Donation).where(mine).values(session_state=SessionState.EXPIRED)
    )
    return ended.rowcount > 0


def progress(session_id: str) -> Progress:
    """What may be said to whoever holds a session's id: no name, no amount."""
    if not SESSION_ID.fullmatch(session_id):
        return Progress.UNKNOWN
    mine = select(Donation.id, Donation.session_state).where(Donation.session_id == session_id)
    row = db.session.execute(mine).one_or_none()
    if row is None or row.session_state == SessionState.EXPIRED:
        return Progress.UNKNOWN
    statuses = set(db.session.scalars(select(Payment.status).where(Payment.donation_id == row.id)))
    best = max(statuses, key=RANK.__getitem__, default=PaymentStatus.PENDING)
    return ENDS.get(best, Progress.CONFIRMING)


def raised(case_id: int | None) -> dict[str, int]:
    """Paid gifts of a case (None: of the general fund) less what went back, minor units by currency; fees stay in."""
    return _sums(Payment.case_id.is_not_distinct_from(case_id))


def totals() -> dict[str, int]:
    """Paid gifts of the whole site less what went back, minor units by currency."""
    return _sums()


def totals_by_fund() -> list[tuple[int | None, str, int]]:
    """`totals` by the case whose fund has it: (case id or None, currency, minor units), in that order."""
    parts = reversals.gone()
    query = select(Payment.case_id, Payment.currency, func.sum(reversals.left_of(parts)))
    query = query.outerjoin(parts, reversals.of_payment(parts)).where(Payment.status == PaymentStatus.PAID)
    rows = db.session.execute(query.group_by(Payment.case_id, Payment.currency))
    return sorted(
        ((case, currency, int(minor)) for case, currency, minor in rows), key=lambda row: (row[0] or 0, row[1])
    )


def givers(case_id: int | None) -> int:
    """From how many donations something is left in a case's fund (None: in the general one)."""
    parts = reversals.gone()
    mine = (Payment.status == PaymentStatus.PAID, Payment.case_id.is_not_distinct_from(case_id))
    query = select(func.count(Payment.donation_id.distinct())).outerjoin(parts, reversals.of_payment(parts))
    return db.session.scalar(query.where(*mine, reversals.left_of(parts) > 0)) or 0


def attention(limit: int = 20) -> list[StripeEvent]:
    """Events that an organiser must look at, the newest first: money without a donation, or on other terms."""
    query = select(StripeEvent).where(StripeEvent.outcome.in_(ATTENTION), StripeEvent.settled_at.is_(None))
    return list(db.session.scalars(query.order_by(StripeEvent.received_at.desc()).limit(limit)))


def _sums(*conditions: Any) -> dict[str, int]:
    parts = reversals.gone()
    query = select(Payment.currency, func.sum(reversals.left_of(parts)))
    query = query.outerjoin(parts, reversals.of_payment(parts))
    rows = db.session.execute(query.where(Payment.status == PaymentStatus.PAID, *conditions).group_by(Payment.currency))
    return {currency: int(minor) for currency, minor in rows}
