"""Gifts. `donations` says what a donor intended; `payments` what Stripe says came of it, one row per Stripe id."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, BigId, UTCDateTime
from core.money import Money
from core.types import one_of
from donations.own_page.models import Donor

DONORLESS = "donor_id IS NULL AND blob IS NOT NULL AND session_state = 'complete'"
DECLINED = "payment_intent.payment_failed"  # one try to pay that failed, whatever comes of the next


class Frequency(enum.StrEnum):
    ONCE = "once"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class Tribute(enum.StrEnum):
    """Whether a gift is in memory or on behalf of somebody, whose name is sealed with the donor's."""

    NONE = "none"
    MEMORY = "memory"
    BEHALF = "behalf"


class SessionState(enum.StrEnum):
    """Where the donor's Checkout session stands; whether money came is the payments' to say."""

    NEW = "new"
    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class PaymentStatus(enum.StrEnum):
    PENDING = "pending"
    FAILED = "failed"
    PAID = "paid"


class Outcome(enum.StrEnum):
    APPLIED = "applied"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"
    QUARANTINED = "quarantined"


class Donation(Base):
    """What a donor meant to give: to a case's fund, or (no case) to the general fund. Name and address are sealed.

    `case` is where its next payment goes; each payment keeps its own. `donor` is set by the worker once the gift was made.
    `cancel_token` is kept so that a repeated request to Stripe is word for word the first one (idempotency)."""

    __tablename__ = "donations"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(
            "ix_donations_donorless", "id",
            sqlite_where=text(DONORLESS), postgresql_where=text(DONORLESS),
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    frequency: Mapped[Frequency] = mapped_column(one_of(Frequency))
    cover_fee: Mapped[bool] = mapped_column(Boolean, default=False)
    show_name: Mapped[bool] = mapped_column(Boolean, default=False)
    show_badge: Mapped[bool] = mapped_column(Boolean, default=False)
    tribute: Mapped[Tribute] = mapped_column(one_of(Tribute), default=Tribute.NONE)
    source: Mapped[str | None] = mapped_column(String(20), index=True)
    language: Mapped[str] = mapped_column(String(10), default="en")
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    form_key: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    session_state: Mapped[SessionState] = mapped_column(one_of(SessionState), default=SessionState.NEW)
    session_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    session_url: Mapped[str | None] = mapped_column(Text)
    session_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancel_token: Mapped[str] = mapped_column(Text, default="")
    subscription_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donors.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now, index=True)
    case: Mapped[Case | None] = relationship()
    donor: Mapped[Donor | None] = relationship()

    @property
    def money(self) -> Money:
        """What one payment of this donation amounts to, fee cover included."""
        return Money(self.amount, self.currency)


class Payment(Base):
    """One Stripe PaymentIntent (once) or invoice (each renewal); its status only rises: pending < failed < paid.

    `case` is the fund that it goes to (None: the general one): its donation's at the time, whatever became of that since.
    While a renewal is not paid: how often it was tried, when again, and Stripe's page where the donor can help."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_payments_donation_id_status", "donation_id", "status"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    stripe_id: Mapped[str] = mapped_column(String(255), unique=True)
    donation_id: Mapped[int] = mapped_column(ForeignKey("donations.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[PaymentStatus] = mapped_column(one_of(PaymentStatus))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    action_url: Mapped[str] = mapped_column(Text, default="")
    paid_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    donation: Mapped[Donation] = relationship()
    case: Mapped[Case | None] = relationship()

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class StripeEvent(Base):
    """An event that was received and what came of it; its id makes a second delivery do nothing. Bodies are not kept."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        Index(
            "ix_stripe_events_attention", "received_at",
            sqlite_where=text("outcome IN ('unmatched', 'quarantined')"),
            postgresql_where=text("outcome IN ('unmatched', 'quarantined')"),
        ),
        Index(
            "ix_stripe_events_declined", "created_at",
            sqlite_where=text(f"type = '{DECLINED}'"), postgresql_where=text(f"type = '{DECLINED}'"),
        ),
    )  # fmt: skip
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(100))
    object_id: Mapped[str] = mapped_column(String(255), default="")
    outcome: Mapped[Outcome] = mapped_column(one_of(Outcome))
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(254))


class InvoicePayment(Base):
    """Which PaymentIntent paid which invoice, as `invoice_payment.paid` says, before or after the invoice is known.

    A refund names the PaymentIntent only; this row leads it to the payment. No column of `payments`: two events that
    arrive at once could each miss the other's half."""

    __tablename__ = "invoice_payments"
    payment_intent: Mapped[str] = mapped_column(String(255), primary_key=True)
    invoice_id: Mapped[str] = mapped_column(String(255), index=True)
