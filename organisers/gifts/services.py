"""What organisers see and do of one gift: its page, its donor's name, its refunds; disputes; events that were set aside."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select, update

from core import audit, clock
from core.db import RowNotFound, db
from core.money import Money
from donations import services as donations
from donations.checkout_services import open_donor
from donations.models import Donation, Payment, StripeEvent
from donations.reversals import requests
from donations.reversals import services as reversals
from donations.reversals.models import Dispute, DisputeStatus, Refund, RefundRequest, RequestState
from donations.stripe_gateway import CheckoutError
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import Subscription
from donations.tax import services as tax
from donations.tax.models import TaxReceipt


class GiftNotFound(RowNotFound):
    """No gift, payment or event of this number."""


class DonorErased(LookupError):
    """The donor's data are gone: there is nothing to open."""


class MovedOn(ValueError):
    """Something else is left of the payment than the organiser's page showed."""


class SettledAlready(ValueError):
    """Somebody else has settled this event."""


@dataclass(frozen=True)
class Part:
    """One payment with all that was taken from it, what may still be refunded, and its tax receipt."""

    payment: Payment
    refunds: Sequence[Refund]
    disputes: Sequence[Dispute]
    requests: Sequence[RefundRequest]
    left: Money
    receipt: TaxReceipt | None  # the valid tax receipt that it stands on


@dataclass(frozen=True)
class Contested:
    """A dispute and the gift that it contests; None where its payment is not known here."""

    dispute: Dispute
    gift: Donation | None


def get_gift(public_id: str) -> Donation:
    """The gift of our number. Raises GiftNotFound."""
    gift = db.session.scalar(select(Donation).where(Donation.public_id == public_id))
    if gift is None:
        raise GiftNotFound(public_id)
    return gift


def get_payment(gift: Donation, payment_id: int) -> Payment:
    """One payment of this gift. Raises GiftNotFound."""
    payment = db.session.get(Payment, payment_id)
    if payment is None or payment.donation_id != gift.id:
        raise GiftNotFound(str(payment_id))
    return payment


def parts_of(gift: Donation) -> list[Part]:
    """The payments of a gift, the newest first."""
    mine = select(Payment).where(Payment.donation_id == gift.id).order_by(Payment.id.desc())
    return [part_of(payment) for payment in db.session.scalars(mine)]


def part_of(payment: Payment) -> Part:
    return Part(
        payment, reversals.refunds_of(payment), reversals.disputes_of(payment), requests.requests_of(payment),
        requests.refundable(payment), tax.covering(payment),
    )  # fmt: skip


def subscription_of(gift: Donation) -> Subscription | None:
    return subscriptions.find(gift)


def open_name(gift: Donation, *, actor: str) -> dict[str, str]:
    """The donor's name, address and words; the audit chain keeps who looked, not what was seen. Raises DonorErased."""
    if gift.blob is None:
        raise DonorErased(gift.public_id)
    audit.record("gift.donor_opened", gift.public_id, actor=actor)
    return open_donor(gift)


def ask_refund(payment: Payment, *, money: Money, left: Money, reason: str, actor: str) -> str:
    """request_refund, if as much is left as the organiser was shown: the same press twice asks once. The request's public id.

    Raises MovedOn, NotThatMuch, NothingToRefund; the caller commits and calls `send_refund`."""
    request = requests.request_refund(payment, money=money, reason=reason, actor=actor)
    before = requests.refundable(payment).minor + money.minor  # what was left once the payment was locked
    if before != left.minor:
        raise MovedOn(payment.stripe_id)
    return request.public_id


def send_refund(public_id: str) -> RefundRequest:
    """Asks Stripe now; where it does not answer the request stays asked, for the job. The caller commits."""
    try:
        requests.send(public_id)
    except CheckoutError:  # away, failing, or not asked at all; a refusal is an answer
        db.session.rollback()
    return db.session.scalars(select(RefundRequest).where(RefundRequest.public_id == public_id)).one()


def waiting(request: RefundRequest) -> bool:
    return request.state == RequestState.ASKED


def open_disputes() -> list[Contested]:
    """Disputes that wait for an answer or a decision, the nearest deadline first.

    An inquiry whose deadline is over is left out: Stripe's later words of it are not told apart here."""
    asks = and_(Dispute.status == DisputeStatus.INQUIRY, Dispute.due_at > clock.now())
    query = select(Dispute).where(or_(Dispute.status == DisputeStatus.OPEN, asks))
    return _contested(list(db.session.scalars(query.order_by(Dispute.due_at.nulls_last(), Dispute.id))))


def decided_disputes(limit: int = 50) -> list[Contested]:
    """Disputes that were won or lost, the latest first."""
    ended = Dispute.status.in_((DisputeStatus.WON, DisputeStatus.LOST))
    query = select(Dispute).where(ended).order_by(Dispute.changed_at.desc(), Dispute.id).limit(limit)
    return _contested(list(db.session.scalars(query)))


def settled_events(limit: int = 50) -> list[StripeEvent]:
    """Events that somebody looked at and settled, the latest first."""
    query = select(StripeEvent).where(StripeEvent.settled_at.is_not(None))
    return list(db.session.scalars(query.order_by(StripeEvent.settled_at.desc(), StripeEvent.id).limit(limit)))


def settle_event(event_id: str, *, actor: str) -> None:
    """Notes that somebody has seen to an event that was set aside. Raises GiftNotFound, SettledAlready."""
    mine = (StripeEvent.id == event_id, StripeEvent.outcome.in_(donations.ATTENTION))
    settled = update(StripeEvent).where(*mine, StripeEvent.settled_at.is_(None))
    values = {"settled_at": clock.now(), "settled_by": actor}
    if db.session.execute(settled.values(values).returning(StripeEvent.id)).scalar() is None:
        if db.session.scalar(select(StripeEvent.id).where(*mine)) is None:
            raise GiftNotFound(event_id)
        raise SettledAlready(event_id)
    audit.record("stripe_event.settled", event_id[:200], actor=actor)


def _contested(disputes: Sequence[Dispute]) -> list[Contested]:
    found = []
    for dispute in disputes:
        payment = donations.find_payment(dispute.payment_intent)
        found.append(Contested(dispute, payment.donation if payment else None))
    return found
