"""Gifts outside Stripe, each as it was entered; one is never changed, only taken back."""

import enum
from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, BigId, UTCDateTime
from core.money import Money
from core.types import one_of

STANDING = text("taken_back_at IS NULL")


class Means(enum.StrEnum):
    """How the money came."""

    BANK = "bank"
    CASH = "cash"
    OTHER = "other"


class OfflineGift(Base):
    """What a treasurer entered. `reference` is unique per means while it stands: one line of a statement is one gift.

    The donor's name and the note are sealed. `show_name`: the donor has agreed to be named in public."""

    __tablename__ = "offline_gifts"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(
            "uq_offline_gifts_means_reference_standing", "means", "reference", unique=True,
            sqlite_where=STANDING, postgresql_where=STANDING,
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    means: Mapped[Means] = mapped_column(one_of(Means))
    reference: Mapped[str] = mapped_column(String(120))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    given_on: Mapped[date] = mapped_column(Date, index=True)
    show_name: Mapped[bool] = mapped_column(Boolean, default=False)
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    entered_by: Mapped[str] = mapped_column(String(254))
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    taken_back_by: Mapped[str | None] = mapped_column(String(254))
    taken_back_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    taken_back_reason: Mapped[str | None] = mapped_column(String(200))
    case: Mapped[Case | None] = relationship()

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
