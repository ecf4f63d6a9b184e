"""Rows of the wall, and the levels of patrons. What nobody has approved is not kept here: it stays sealed in the donation."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, BigId, UTCDateTime
from core.money import Money
from core.types import one_of
from donations.models import Donation
from donations.offline.models import OfflineGift


class Words(enum.StrEnum):
    """Whether a donor wrote something for the wall (a message, a tribute), and what an organiser said of it."""

    NONE = "none"
    WAITING = "waiting"
    APPROVED = "approved"
    HIDDEN = "hidden"


class WallEntry(Base):
    """A giver who wished to be named; without a name it is shown nowhere, and remembers only how its words were judged."""

    __tablename__ = "wall_entries"
    __table_args__ = (
        CheckConstraint("(donation_id IS NULL) <> (offline_gift_id IS NULL)", name="of_one_gift"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donations.id"), unique=True)
    offline_gift_id: Mapped[int | None] = mapped_column(ForeignKey("offline_gifts.id"), unique=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(120))
    words: Mapped[Words] = mapped_column(one_of(Words), default=Words.NONE)
    message: Mapped[str | None] = mapped_column(Text)
    tribute_name: Mapped[str | None] = mapped_column(String(120))
    judged_by: Mapped[str | None] = mapped_column(String(254))
    judged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    donation: Mapped[Donation | None] = relationship()
    offline_gift: Mapped[OfflineGift | None] = relationship()
    case: Mapped[Case | None] = relationship()


class PatronLevel(Base):
    """A named level of monthly giving; once it is no longer offered it is retired, never deleted."""

    __tablename__ = "patron_levels"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    thanks: Mapped[str] = mapped_column(String(300))
    position: Mapped[int] = mapped_column(Integer, default=0)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    minimums: Mapped[list["PatronMinimum"]] = relationship(
        order_by="PatronMinimum.currency", cascade="all, delete-orphan"
    )


class PatronMinimum(Base):
    """From what a month on a gift is of a level, in the currency's minor units."""

    __tablename__ = "patron_minimums"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)
    level_id: Mapped[int] = mapped_column(ForeignKey("patron_levels.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
