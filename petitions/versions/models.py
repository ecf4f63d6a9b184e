"""The texts that a petition has had since it was published, and its translations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime


class PetitionVersion(Base):
    """All that a signature stands under, as it was from `since` to the next version; the newest is the petition as it is.

    `texts`: language → title, ask, letter; `language` is the original's. `recipients`: as they stood, in their order."""

    __tablename__ = "petition_versions"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(String(10))
    texts: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    first_signatory: Mapped[str] = mapped_column(String(120), default="")
    first_signatory_role: Mapped[str] = mapped_column(String(200), default="")
    recipients: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(String(254), default="")
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class PetitionTranslation(Base):
    """A petition's texts in another language, `source_digest` tells of what; what is empty is read in the original."""

    __tablename__ = "petition_translations"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)
    title: Mapped[str] = mapped_column(String(160))
    ask: Mapped[str] = mapped_column(Text)
    letter: Mapped[str] = mapped_column(Text)
    closing_lines: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    source_digest: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(254), default="")
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
