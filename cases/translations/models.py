"""What a case, the people held and the dated events say in another language; what is empty is read in the original."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime


class Written:
    """Of which original a translation is, who wrote it and when."""

    source_digest: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(254), default="")
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class CaseTranslation(Written, Base):
    """With this row a case is to be had in a language; the rows of its people and events hang on it and go with it."""

    __tablename__ = "case_translations"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)
    title: Mapped[str] = mapped_column(String(160))
    lede: Mapped[str] = mapped_column(Text, default="")
    story: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    urgency: Mapped[str] = mapped_column(String(60), default="")
    fund_title: Mapped[str] = mapped_column(String(160), default="")
    fund_text: Mapped[str] = mapped_column(Text, default="")


def _of_case(table: str) -> tuple[ForeignKeyConstraint, Index]:
    """A part is translated where its case is."""
    columns, theirs = ["case_id", "language"], ["case_translations.case_id", "case_translations.language"]
    name = f"fk_{table}_case_id"
    return ForeignKeyConstraint(columns, theirs, name=name, ondelete="CASCADE"), Index(f"ix_{table}_case_id", *columns)


class PersonTranslation(Written, Base):
    __tablename__ = "person_translations"
    __table_args__ = _of_case(__tablename__)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)
    case_id: Mapped[int] = mapped_column(Integer)
    about: Mapped[str] = mapped_column(String(200), default="")
    charge: Mapped[str] = mapped_column(String(200), default="")
    sentence: Mapped[str] = mapped_column(String(120), default="")
    held_at: Mapped[str] = mapped_column(String(120), default="")


class EventTranslation(Written, Base):
    __tablename__ = "event_translations"
    __table_args__ = _of_case(__tablename__)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)
    case_id: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(160), default="")
    body: Mapped[str] = mapped_column(Text, default="")
