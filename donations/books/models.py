"""Stripe's account of our balance, kept as Stripe states it: its own minor units, in the currency that it settles in."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UTCDateTime


class BalanceTransaction(Base):
    """One movement of the balance. `amount` - `fee` = `net`, signed, in the settlement currency.

    `source_amount` is what the charge, refund or dispute behind it says in its own currency, unsigned; they differ where
    Stripe exchanged. `payout`: the one that took it to the bank; empty until then."""

    __tablename__ = "balance_transactions"
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(100))
    category: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(255), default="", index=True)
    payment_intent: Mapped[str] = mapped_column(String(255), default="", index=True)
    source_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    source_currency: Mapped[str] = mapped_column(String(3), default="")
    payout: Mapped[str] = mapped_column(String(255), default="", index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[int] = mapped_column(BigInteger)
    net: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    available: Mapped[bool] = mapped_column(Boolean)
    available_on: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Payout(Base):
    """Money sent to our bank. `complete`: Stripe has said which movements it holds; of one by hand it never does."""

    __tablename__ = "payouts"
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    automatic: Mapped[bool] = mapped_column(Boolean)
    complete: Mapped[bool] = mapped_column(Boolean)
    arrival_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
