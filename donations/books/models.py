"""Stripe's balance as rows: every movement, every payout, and what each comparison with our own rows found."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime


class BalanceTransaction(Base):
    """One movement of the balance at Stripe, in Stripe's minor units of the currency that it settles in: net = amount - fee.

    `kind` is Stripe's reporting category. What it moved (`source`) is told in the currency that the donor paid in."""

    __tablename__ = "balance_transactions"
    __table_args__ = (Index("ix_balance_transactions_created_at", "created_at"),)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(255), default="", index=True)
    payment_intent: Mapped[str] = mapped_column(String(255), default="", index=True)
    source_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    source_currency: Mapped[str] = mapped_column(String(3), default="")
    payout_id: Mapped[str | None] = mapped_column(String(255), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[int] = mapped_column(BigInteger)
    net: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Payout(Base):
    """Money that Stripe sent to the bank, in Stripe's minor units."""

    __tablename__ = "payouts"
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    arrives_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Reconciliation(Base):
    """A comparison and what it found; `report` as `flask donations reconcile --json` prints it."""

    __tablename__ = "reconciliations"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    ran_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    differences: Mapped[int] = mapped_column(Integer)
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
