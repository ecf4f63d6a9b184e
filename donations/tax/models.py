"""Registrations with tax offices, and receipts whose numbers have no gap and are never used twice."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Base, BigId, UTCDateTime
from core.money import Money
from donations.models import Payment
from donations.own_page.models import Donor


class TaxRegistration(Base):
    """What lets donors of one country deduct their gifts: who we are to its tax office, and the words that it wants to read.

    A changed one is a new row; the old one is retired, for receipts name it. At most one of a country is in use."""

    __tablename__ = "tax_registrations"
    __table_args__ = (
        Index(
            "uq_tax_registrations_country_in_use", "country", unique=True,
            sqlite_where=text("retired_at IS NULL"), postgresql_where=text("retired_at IS NULL"),
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    legal_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(String(80))
    office: Mapped[str] = mapped_column(String(160))
    wording: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(String(12), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    created_by: Mapped[str] = mapped_column(String(254))
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class TaxCounter(Base):
    """The last number that was given under a registration in a year; taken in the transaction that makes the receipt."""

    __tablename__ = "tax_counters"
    registration_id: Mapped[int] = mapped_column(ForeignKey("tax_registrations.id"), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class TaxReceipt(Base):
    """One document: gifts of a donor in one currency and calendar year. The name and address that stand on it are sealed.

    `year` is that of issue, of which `number` is counted. Cancelled, never deleted: the number stays taken."""

    __tablename__ = "tax_receipts"
    __table_args__ = (
        UniqueConstraint("registration_id", "year", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("number > 0", name="number_positive"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("tax_registrations.id"))
    year: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donors.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    registration: Mapped[TaxRegistration] = relationship()
    donor: Mapped[Donor] = relationship()
    lines: Mapped[list["TaxReceiptLine"]] = relationship(order_by="TaxReceiptLine.payment_id", back_populates="receipt")

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def name(self) -> str:
        """How the receipt is called: the registration's prefix, the year and the number."""
        return f"{self.registration.prefix}-{self.year}-{self.number:05d}"


class TaxReceiptLine(Base):
    """A payment on a receipt. `valid` falls with the receipt; a payment stands on one valid receipt at most."""

    __tablename__ = "tax_receipt_lines"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(
            "uq_tax_receipt_lines_payment_valid", "payment_id", unique=True,
            sqlite_where=text("valid"), postgresql_where=text("valid"),
        ),
    )  # fmt: skip
    receipt_id: Mapped[int] = mapped_column(ForeignKey("tax_receipts.id"), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    valid: Mapped[bool] = mapped_column(Boolean, default=True)
    receipt: Mapped[TaxReceipt] = relationship(back_populates="lines")
    payment: Mapped[Payment] = relationship()

    @property
    def money(self) -> Money:
        return Money(self.amount, self.receipt.currency)
