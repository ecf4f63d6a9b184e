"""Looks at the site that organisers asked for, and what was found."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime


class SiteCheck(Base):
    """One press of the button; `findings` are level, what about, and a sentence, in the order shown."""

    __tablename__ = "site_checks"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    asked_by: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    findings: Mapped[list[Any]] = mapped_column(JSON, default=list)
