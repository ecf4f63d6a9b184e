"""Recurring gifts as Stripe reports them, and the amounts that their donors agreed to."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime
from core.money import Money
from core.types import one_of


class SubscriptionStatus(enum.StrEnum):
    """Stripe's words in five of ours. past_due: a payment failed and is tried again; paused: the donor asked for it."""

    INCOMPLETE = "incomplete"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    CANCELED = "canceled"


class Subscription(Base):
    """How a recurring gift stands with Stripe; `Donation.subscription_id` names it. What has ended stays so.

    `amount` is what the next payment will be. `changed_at`: when Stripe says so, for news out of order.
    `turn`: the job of the donor's wish that is at Stripe, until another may take its place."""

    __tablename__ = "subscriptions"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    customer_id: Mapped[str] = mapped_column(String(255), default="")
    status: Mapped[SubscriptionStatus] = mapped_column(one_of(SubscriptionStatus))
    amount: Mapped[int] = mapped_column(BigInteger)
    period_end: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resumes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    turn: Mapped[str | None] = mapped_column(String(16))
    turn_until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def money_in(self, currency: str) -> Money:
        """The next payment, in its donation's currency."""
        return Money(self.amount, currency)


class AgreedAmount(Base):
    """Another amount that a donor agreed to for the payments to come; payments already under way keep the old one."""

    __tablename__ = "agreed_amounts"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)
    donation_id: Mapped[int] = mapped_column(ForeignKey("donations.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    agreed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
