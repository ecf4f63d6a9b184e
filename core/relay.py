"""What the mail server took, by the hour: the ground for keeping within a small provider's limits."""

from datetime import datetime

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UTCDateTime


class MailHour(Base):
    """Mails of one hour: handed over, and refused for good by the recipient's side."""

    __tablename__ = "mail_hours"
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    sent: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[int] = mapped_column(Integer, default=0)
