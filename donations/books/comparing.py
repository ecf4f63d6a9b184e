"""Stripe's balance against our own rows: every movement has its gift, every gift its movement, every sum adds up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from core import clock
from core.db import db
from core.money import AmountError, Money, UnknownCurrency, from_stripe
from donations.books.models import BalanceTransaction, Payout
from donations.models import InvoicePayment, Payment, PaymentStatus
from donations.reversals.models import Dispute, Refund, RefundStatus

LONG = timedelta(days=14)
GRACE = timedelta(hours=1)  # news of both sides may still be on the way
AT_ONCE = 500
GROUPS = {
    "charge": "gross", "refund": "refunds", "refund_failure": "refunds", "partial_capture_reversal": "refunds",
    "dispute": "disputes", "dispute_reversal": "disputes", "payout": "payouts", "payout_reversal": "payouts",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """`about` is Stripe's id or ours; the sentence is for an organiser."""

    kind: str
    about: str
    sentence: str


@dataclass
class Sums:
    """Of one settlement currency, Stripe's minor units; payouts are not in `net`, which is what they are paid from."""

    gross: int = 0
    fees: int = 0
    refunds: int = 0
    disputes: int = 0
    other: int = 0
    payouts: int = 0
    net: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def sums(movements: Iterable[BalanceTransaction]) -> dict[str, Sums]:
    """What the movements add up to, by currency: gross - fees - refunds - disputes + other = net."""
    found: defaultdict[str, Sums] = defaultdict(Sums)
    for one in movements:
        of, group = found[one.currency], GROUPS.get(one.kind, "other")
        sign = -1 if group in ("refunds", "disputes") else 1
        setattr(of, group, getattr(of, group) + sign * one.amount)
        of.fees += one.fee
        of.net += one.net if group != "payouts" else 0
    return dict(sorted(found.items()))


def compare(since: datetime) -> list[Difference]:
    """Every difference between Stripe's movements since then and our rows, in both directions."""
    in_time = BalanceTransaction.created_at >= since
    movements = db.session.scalars(select(BalanceTransaction).where(in_time).order_by(BalanceTransaction.id)).all()
    return [
        *_sums_differ(movements),
        *_unknown_here(movements),
        *_unknown_there(since),
        *_waiting_long(),
        *_payouts_differ(since),
    ]


def payments_by_intent(intents: Sequence[str]) -> dict[str, Payment]:
    """The payments that PaymentIntents made, directly or through an invoice."""
    found: dict[str, Payment] = {}
    for start in range(0, len(intents), AT_ONCE):
        part = intents[start : start + AT_ONCE]
        own = select(Payment.stripe_id, Payment).where(Payment.stripe_id.in_(part))
        through = select(InvoicePayment.payment_intent, Payment).join(
            Payment, Payment.stripe_id == InvoicePayment.invoice_id
        )
        for query in (own, through.where(InvoicePayment.payment_intent.in_(part))):
            found |= {intent: payment for intent, payment in db.session.execute(query)}
    return found


def _sums_differ(movements: Sequence[BalanceTransaction]) -> Iterable[Difference]:
    for currency, of in sums(movements).items():
        if of.gross - of.fees - of.refunds - of.disputes + of.other != of.net:
            yield Difference(
                "sums", currency, _("In %(currency)s Stripe's own movements do not add up.", currency=currency)
            )


def _unknown_here(movements: Sequence[BalanceTransaction]) -> Iterable[Difference]:
    """Movements that no row of ours explains."""
    payments = payments_by_intent([one.payment_intent for one in movements if one.kind == "charge"])
    for one in movements:
        if one.kind == "charge":
            yield from _charge_differs(one, payments.get(one.payment_intent))
        elif one.kind in ("refund", "refund_failure"):
            yield from _refund_differs(one, db.session.get(Refund, one.source))
        elif one.kind in ("dispute", "dispute_reversal") and db.session.get(Dispute, one.source) is None:
            yield _unknown(one, _("Stripe moved %(money)s for a dispute (%(id)s) that is not known here."))


def _charge_differs(one: BalanceTransaction, payment: Payment | None) -> Iterable[Difference]:
    if payment is None:
        yield _unknown(one, _("Stripe took %(money)s (%(id)s) that no gift here knows."))
    elif payment.status != PaymentStatus.PAID:
        yield _unknown(one, _("Stripe took %(money)s (%(id)s), and the gift here does not say that it was paid."))
    elif _money(one) != payment.money:
        sentence = _("Stripe took %(money)s (%(id)s), and the gift here says %(ours)s.")
        yield _unknown(one, sentence, ours=payment.money.text())


def _refund_differs(one: BalanceTransaction, refund: Refund | None) -> Iterable[Difference]:
    if refund is None:
        yield _unknown(one, _("Stripe moved %(money)s for a refund (%(id)s) that is not known here."))
        return
    ours = Money(refund.amount, refund.currency)
    if _money(one) != ours:
        yield _unknown(one, _("Stripe refunded %(money)s (%(id)s), and here it says %(ours)s."), ours=ours.text())
    if one.kind == "refund_failure" and refund.status not in (RefundStatus.FAILED, RefundStatus.CANCELED):
        yield _unknown(one, _("At Stripe a refund of %(money)s (%(id)s) failed, and here it did not."))


def _unknown_there(since: datetime) -> Iterable[Difference]:
    """Rows of ours that no movement explains."""
    until = clock.now() - GRACE
    paid = (Payment.status == PaymentStatus.PAID, Payment.paid_at >= since, Payment.paid_at < until)
    through = (InvoicePayment.invoice_id == Payment.stripe_id) | (
        Payment.stripe_id == BalanceTransaction.payment_intent
    )
    query = (
        select(Payment)
        .where(*paid)
        .where(
            ~select(BalanceTransaction.id)
            .outerjoin(InvoicePayment, InvoicePayment.payment_intent == BalanceTransaction.payment_intent)
            .where(BalanceTransaction.kind == "charge", through)
            .exists()
        )
    )
    for payment in db.session.scalars(query.order_by(Payment.id)):
        yield Difference(
            "payment_without_movement",
            payment.stripe_id,
            _(
                "A gift of %(money)s (%(id)s) says paid, and Stripe's balance does not know it.",
                money=payment.money.text(), id=payment.stripe_id,
            ),
        )  # fmt: skip
    gone = (Refund.status == RefundStatus.SUCCEEDED, Refund.changed_at >= since, Refund.changed_at < until)
    moved = select(BalanceTransaction.id).where(BalanceTransaction.source == Refund.id).exists()
    for refund in db.session.scalars(select(Refund).where(*gone, ~moved).order_by(Refund.id)):
        money = Money(refund.amount, refund.currency).text()
        sentence = _("A refund of %(money)s (%(id)s) is noted here, and Stripe's balance does not know it.")
        yield Difference("refund_without_movement", refund.id, sentence % {"money": money, "id": refund.id})


def _waiting_long() -> Iterable[Difference]:
    """Gifts that were to come from a bank and have neither come nor failed."""
    old = (Payment.status == PaymentStatus.PENDING, Payment.created_at < clock.now() - LONG)
    for payment in db.session.scalars(select(Payment).where(*old).order_by(Payment.id)):
        sentence = _("A gift of %(money)s (%(id)s) has been on its way for more than two weeks: ask Stripe.")
        values = {"money": payment.money.text(), "id": payment.stripe_id}
        yield Difference("pending", payment.stripe_id, sentence % values)


def _payouts_differ(since: datetime) -> Iterable[Difference]:
    for payout in db.session.scalars(select(Payout).where(Payout.created_at >= since).order_by(Payout.id)):
        mine = select(BalanceTransaction).where(BalanceTransaction.payout_id == payout.id)
        total = sum(one.net for one in db.session.scalars(mine) if GROUPS.get(one.kind) != "payouts")
        if total != payout.amount and payout.status != "failed":
            sentence = _("The payout %(id)s is of %(payout)s, and its movements add up to %(sum)s (minor units).")
            values = {"id": payout.id, "payout": payout.amount, "sum": total}
            yield Difference("payout", payout.id, sentence % values)


def _unknown(one: BalanceTransaction, sentence: str, **values: str) -> Difference:
    money = _money(one)
    shown = money.text() if money else f"{one.source_amount} {one.source_currency}"
    return Difference(
        one.kind, one.source, sentence % {"money": shown, "id": one.payment_intent or one.source, **values}
    )


def _money(one: BalanceTransaction) -> Money | None:
    """What was moved, in the currency that the donor paid in; None where it is none of ours."""
    try:
        return from_stripe(abs(one.source_amount), one.source_currency)
    except (UnknownCurrency, AmountError):
        return None
