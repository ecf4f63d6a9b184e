"""What giving is warned by: waves of declined cards, and payments that a bank reports as fraud."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime


class DeclineWave(Base):
    """Many cards declined in a short time, as when somebody tries stolen ones; the numbers are those of its worst moment."""

    __tablename__ = "decline_waves"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    declined: Mapped[int] = mapped_column(Integer)
    paid: Mapped[int] = mapped_column(Integer)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(254))


class FraudWarning(Base):
    """An early fraud warning of Stripe's, by its id: a bank says that the payment was none of the cardholder's making."""

    __tablename__ = "fraud_warnings"
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    payment_intent: Mapped[str] = mapped_column(String(255), index=True, default="")
    charge: Mapped[str] = mapped_column(String(255), default="")
    kind: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(254))
