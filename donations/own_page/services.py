"""What a donor's own page shows, of what stands in clear: regular gifts and how each stands, and payments by year."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from core.db import RowNotFound, db
from core.money import Money
from donations.models import Donation, Frequency, Payment, PaymentStatus
from donations.moving import services as moving
from donations.moving.models import FundQuestion
from donations.own_page.models import Donor
from donations.reversals import services as reversals
from donations.subscriptions import changes
from donations.subscriptions import services as subscriptions
from donations.subscriptions.changes import Change
from donations.subscriptions.models import Subscription, SubscriptionStatus

CARD = "card"
ALWAYS = (CARD, Change.STOP)
OFFERS: dict[SubscriptionStatus, tuple[str, ...]] = {
    SubscriptionStatus.INCOMPLETE: (),
    SubscriptionStatus.ACTIVE: (Change.AMOUNT, Change.PAUSE, *ALWAYS),
    SubscriptionStatus.PAST_DUE: (Change.AMOUNT, *ALWAYS),
    SubscriptionStatus.PAUSED: (Change.RESUME, Change.AMOUNT, *ALWAYS),
    SubscriptionStatus.CANCELED: (),
}


class NotTheirs(RowNotFound):
    """No such gift or payment of this donor."""


@dataclass(frozen=True)
class RegularGift:
    """A monthly or yearly gift, how it stands with Stripe, and what was asked for and is not confirmed yet."""

    donation: Donation
    subscription: Subscription
    under_way: Sequence[Change]
    asked: FundQuestion | None = None

    @property
    def question(self) -> FundQuestion | None:
        """What its donor must answer first, its case being over; nothing once its end was asked for."""
        ended = self.subscription.status == SubscriptionStatus.CANCELED or Change.STOP in self.under_way
        return None if ended else self.asked

    @property
    def offers(self) -> tuple[str, ...]:
        """What its donor may do; nothing more once its end was asked for, and little while a question is open."""
        if Change.STOP in self.under_way:
            return ()
        return ALWAYS if self.question else OFFERS[self.subscription.status]

    @property
    def next_money(self) -> Money:
        """What the next payment will be."""
        return self.subscription.money_in(self.donation.currency)


@dataclass(frozen=True)
class Paid:
    """A payment, and what is left of it after refunds and disputes."""

    payment: Payment
    left: Money

    @property
    def back(self) -> Money:
        """What went back."""
        return Money(self.payment.amount - self.left.minor, self.left.currency)


@dataclass(frozen=True)
class Year:
    """The payments of a calendar year (UTC), the latest first, and what is left of the paid ones in each currency."""

    number: int
    payments: Sequence[Paid]
    sums: Sequence[Money]


def regular_gifts(donor: Donor) -> list[RegularGift]:
    """Monthly and yearly gifts, the latest first; one whose payment page was left is none."""
    mine = (Donation.donor_id == donor.id, Donation.frequency != Frequency.ONCE, Donation.subscription_id.is_not(None))
    gifts = db.session.scalars(
        select(Donation).where(*mine).options(joinedload(Donation.case)).order_by(Donation.id.desc())
    )
    return [found for gift in gifts.all() if (found := _standing(gift))]


def get_regular(donor: Donor, public_id: str) -> RegularGift:
    """One regular gift of this very donor. Raises NotTheirs."""
    mine = (Donation.donor_id == donor.id, Donation.public_id == public_id)
    gift = db.session.scalar(select(Donation).where(*mine))
    found = _standing(gift) if gift else None
    if found is None:
        raise NotTheirs(public_id)
    return found


def get_payment(donor: Donor, payment_id: int) -> Payment:
    """A payment of this very donor. Raises NotTheirs."""
    mine = (Payment.id == payment_id, Donation.donor_id == donor.id)
    payment = db.session.scalar(select(Payment).join(Payment.donation).where(*mine))
    if payment is None:
        raise NotTheirs(str(payment_id))
    return payment


def years(donor: Donor) -> list[Year]:
    """Every payment of the donor by year, the latest year first."""
    parts = reversals.gone()
    query = select(Payment, reversals.left_of(parts)).join(Payment.donation).where(Donation.donor_id == donor.id)
    query = query.outerjoin(parts, reversals.of_payment(parts)).order_by(Payment.id.desc())
    whole = query.options(joinedload(Payment.case), joinedload(Payment.donation))
    by_year: dict[int, list[Paid]] = {}
    for payment, left in db.session.execute(whole):
        moment = payment.paid_at or payment.created_at
        by_year.setdefault(moment.year, []).append(Paid(payment, Money(int(left), payment.currency)))
    return [Year(number, by_year[number], _sums(by_year[number])) for number in sorted(by_year, reverse=True)]


def named_on_walls(donor: Donor) -> bool:
    """Whether a gift of theirs was given with the wish to be named."""
    wished = (Donation.donor_id == donor.id, Donation.show_name.is_(True))
    return db.session.scalar(select(Donation.id).where(*wished).limit(1)) is not None


def _standing(gift: Donation) -> RegularGift | None:
    subscription = subscriptions.find(gift)
    if subscription is None:
        return None
    return RegularGift(gift, subscription, changes.under_way(gift), moving.open_question(gift))


def _sums(payments: Sequence[Paid]) -> list[Money]:
    sums: dict[str, int] = {}
    for paid in payments:
        if paid.payment.status == PaymentStatus.PAID:
            sums[paid.left.currency] = sums.get(paid.left.currency, 0) + paid.left.minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]
