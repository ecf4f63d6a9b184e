"""Exchange rates that organisers entered, each with its day and who published it; never changed, a later one holds instead."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime

PARTS = 9  # decimals of a rate


class CurrencyRate(Base):
    """How many of `currency` one of `against` bought that day; in billionths, so that it is a whole number."""

    __tablename__ = "currency_rates"
    __table_args__ = (
        CheckConstraint("billionths > 0", name="billionths_positive"),
        CheckConstraint("currency <> against", name="of_two_currencies"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    against: Mapped[str] = mapped_column(String(3))
    billionths: Mapped[int] = mapped_column(BigInteger)
    rated_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[str] = mapped_column(String(254))
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)

    @property
    def rate(self) -> Decimal:
        return Decimal(self.billionths).scaleb(-PARTS)
