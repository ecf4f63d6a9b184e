"""Samples that officials asked for, and who was asked."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, BigId, UTCDateTime
from core.types import one_of
from deliveries.states import SampleState

OPEN = text("state IN ('asked', 'asking')")


class Sample(Base):
    """`numbers` are the lines that the seed draws; `mailed`, `yes` and `no` are counts, the only thing that is ever told.

    One seed draws once, and one sample of a delivery is open at a time: two that differ by a line would tell of one person."""

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("delivery_id", "seed"),
        Index("ix_samples_open", "delivery_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    seed: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(Integer)
    numbers: Mapped[list[Any]] = mapped_column(JSON)
    state: Mapped[SampleState] = mapped_column(one_of(SampleState), default=SampleState.ASKED)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    mailed: Mapped[int] = mapped_column(Integer, default=0)
    yes: Mapped[int] = mapped_column(Integer, default=0)
    no: Mapped[int] = mapped_column(Integer, default=0)


class SampleQuestion(Base):
    """One signatory who ticked `may_ask` and is asked: the SHA-256 of the mailed secret; both columns that name a person go
    once it is answered or the sample closes."""

    __tablename__ = "sample_questions"
    __table_args__ = (UniqueConstraint("sample_id", "signature_id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    signature_id: Mapped[int | None] = mapped_column(BigInteger)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    answered: Mapped[bool] = mapped_column(default=False)
