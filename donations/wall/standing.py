"""Which gifts may stand on the wall: given with the wish to be named, paid, and neither given back nor contested."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from donations.models import Donation, InvoicePayment, Payment, PaymentStatus
from donations.offline.models import OfflineGift
from donations.reversals import services as reversals
from donations.reversals.models import Dispute
from donations.wall.models import WallEntry


def gift_stands() -> ColumnElement[bool]:
    """Of a donation: its donor wishes to be named, is not erased, and a payment of it is ours."""
    parts = reversals.gone()
    ours = select(Payment.donation_id).outerjoin(parts, parts.c.stripe_id == Payment.stripe_id).where(
        Payment.status == PaymentStatus.PAID, reversals.left_of(parts) > 0, Payment.stripe_id.not_in(_contested())
    )  # fmt: skip
    return and_(Donation.show_name.is_(True), Donation.blob.is_not(None), Donation.id.in_(ours))


def offline_stands() -> ColumnElement[bool]:
    """Of a gift outside Stripe: its donor has agreed to be named, and it was not taken back."""
    wished = and_(OfflineGift.show_name.is_(True), OfflineGift.blob.is_not(None))
    return and_(wished, OfflineGift.taken_back_at.is_(None))


def entry_stands() -> ColumnElement[bool]:
    """Of a row of the wall: the gift that it names still stands."""
    return or_(
        WallEntry.donation_id.in_(select(Donation.id).where(gift_stands())),
        WallEntry.offline_gift_id.in_(select(OfflineGift.id).where(offline_stands())),
    )


def _contested() -> Any:
    """The payments, by their own Stripe ids, that a donor's bank contests or has taken back."""
    through = InvoicePayment.payment_intent == Dispute.payment_intent
    stripe_id = func.coalesce(InvoicePayment.invoice_id, Dispute.payment_intent)
    return (
        select(stripe_id)
        .select_from(Dispute)
        .outerjoin(InvoicePayment, through)
        .where(Dispute.status.in_(reversals.TAKEN))
    )
