"""Paper: sheets that were typed in, one batch at a time."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime


class PaperBatch(Base):
    """What somebody typed from one pile of sheets, or imported from one file; it can be taken back as a whole."""

    __tablename__ = "paper_batches"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), index=True)
    label: Mapped[str] = mapped_column(String(120), default="")
    entered_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    taken_back_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
