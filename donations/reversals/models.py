"""Refunds and disputes, one row per Stripe id, and the refunds that organisers ask for."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Base, BigId, UTCDateTime
from core.money import Money
from core.types import one_of
from donations.models import Payment


class RefundStatus(enum.StrEnum):
    """Stripe's words; the last two may follow on `succeeded`: the money came back to us."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class DisputeStatus(enum.StrEnum):
    """How a donor's bank contests a payment; an inquiry has moved no money yet."""

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class RequestState(enum.StrEnum):
    """asked: Stripe has not answered yet; sent: it made the refund; refused: it will not."""

    ASKED = "asked"
    SENT = "sent"
    REFUSED = "refused"


class Refund(Base):
    """Money on its way back to a donor, whether or not its payment is known yet.

    It names the PaymentIntent that it takes from; `InvoicePayment` leads on to the payment of a renewal."""

    __tablename__ = "refunds"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    payment_intent: Mapped[str] = mapped_column(String(255), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[RefundStatus] = mapped_column(one_of(RefundStatus))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Dispute(Base):
    """A payment that the donor's bank contests. `fee` is Stripe's, in our minor units of `fee_currency`."""

    __tablename__ = "disputes"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    payment_intent: Mapped[str] = mapped_column(String(255), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[DisputeStatus] = mapped_column(one_of(DisputeStatus))
    reason: Mapped[str] = mapped_column(String(100), default="")
    fee: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_currency: Mapped[str] = mapped_column(String(3), default="")
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def fee_money(self) -> Money | None:
        """What the dispute costs us; None while it costs nothing."""
        return Money(self.fee, self.fee_currency) if self.fee else None


class RefundRequest(Base):
    """A refund that an organiser asked for; while it is `asked` its amount is spoken for. `public_id` is Stripe's key."""

    __tablename__ = "refund_requests"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))
    state: Mapped[RequestState] = mapped_column(one_of(RequestState), default=RequestState.ASKED)
    answer: Mapped[str] = mapped_column(String(200), default="")
    asked_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    payment: Mapped[Payment] = relationship()

    @property
    def money(self) -> Money:
        return Money(self.amount, self.payment.currency)
