"""Which gifts may stand on the wall: given with the wish to be named, paid, and neither given back nor contested.

Asked gift by gift, through indexes: to show a dozen names nobody adds up the refunds of the whole site."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from donations.models import Donation, InvoicePayment, Payment, PaymentStatus
from donations.offline.models import OfflineGift
from donations.reversals import services as reversals
from donations.reversals.models import Dispute, Refund
from donations.wall.models import WallEntry


def gift_stands() -> ColumnElement[bool]:
    """Of a donation: its donor wishes to be named, is not erased, and a payment of it to the fund where it goes is ours."""
    going, taken = Refund.status.in_(reversals.GOING), Dispute.status.in_(reversals.TAKEN)
    total = func.coalesce(func.sum(Refund.amount), 0)
    back = [query.where(going).scalar_subquery() for query in _reaching(Refund, total)]
    contested = [query.where(taken).exists() for query in _reaching(Dispute, Dispute.id)]
    ours = (
        Payment.donation_id == Donation.id,
        Payment.case_id.is_not_distinct_from(Donation.case_id),  # an older fund's earns no place on another's wall
        Payment.status == PaymentStatus.PAID,
        Payment.amount > back[0] + back[1],
    )
    paid = exists(Payment.id).where(*ours, ~or_(*contested)).correlate(Donation)
    return and_(Donation.show_name.is_(True), Donation.blob.is_not(None), paid)


def offline_stands() -> ColumnElement[bool]:
    """Of a gift outside Stripe: its donor has agreed to be named, and it was not taken back."""
    wished = and_(OfflineGift.show_name.is_(True), OfflineGift.blob.is_not(None))
    return and_(wished, OfflineGift.taken_back_at.is_(None))


def entry_stands() -> ColumnElement[bool]:
    """Of a row of the wall: the gift that it names still stands, and goes to this wall's fund."""
    same_fund = Donation.case_id.is_not_distinct_from(WallEntry.case_id)
    gift = exists(Donation.id).where(Donation.id == WallEntry.donation_id, same_fund, gift_stands())
    other = exists(OfflineGift.id).where(OfflineGift.id == WallEntry.offline_gift_id, offline_stands())
    return or_(gift.correlate(WallEntry), other.correlate(WallEntry))


def _reaching(table: type[Refund] | type[Dispute], wanted: Any) -> tuple[Select[Any], Select[Any]]:
    """What takes from a payment under the payment's own name, and through an invoice's."""
    same = table.currency == Payment.currency
    own = select(wanted).where(table.payment_intent == Payment.stripe_id, same)
    invoice = select(wanted).where(same).join(InvoicePayment, InvoicePayment.payment_intent == table.payment_intent)
    return own.correlate(Payment), invoice.where(InvoicePayment.invoice_id == Payment.stripe_id).correlate(Payment)
