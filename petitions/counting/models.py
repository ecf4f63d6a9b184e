"""The numbers: changes that wait to be folded, folded tallies, milestones, and the margins that the public may see."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigId, UTCDateTime
from core.types import one_of
from petitions.states import Method


class TallyChange(Base):
    """One move in or out of `valid`, waiting to be folded."""

    __tablename__ = "tally_changes"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    petition_id: Mapped[int] = mapped_column(Integer)
    change: Mapped[int] = mapped_column(Integer)
    country: Mapped[str] = mapped_column(String(2))
    source: Mapped[str] = mapped_column(String(40))
    hour: Mapped[datetime] = mapped_column(UTCDateTime)
    method: Mapped[Method] = mapped_column(one_of(Method), default=Method.WEB)


class Tally(Base):
    """A folded number: dimension `total`, `country`, `hour`, `source` or `method`, and its value."""

    __tablename__ = "tallies"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(40), primary_key=True)
    signatures: Mapped[int] = mapped_column(Integer, default=0)


class PageCount(Base):
    """How often on one day (UTC) a petition's page was `seen` or its form `signed` by way of a source code; about right."""

    __tablename__ = "page_counts"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    what: Mapped[str] = mapped_column(String(10), primary_key=True)
    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)


class Milestone(Base):
    """A number that a petition has reached; `taken_back_at` where an invalidation dropped it below again."""

    __tablename__ = "milestones"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    signatures: Mapped[int] = mapped_column(Integer, primary_key=True)
    reached_at: Mapped[datetime] = mapped_column(UTCDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Margin(Base):
    """One cell of the day's snapshot by `country` or `day`: rounded down to tens, from 20 up; nothing else is ever shown."""

    __tablename__ = "margins"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(10), primary_key=True)
    signatures: Mapped[int] = mapped_column(Integer)
    taken_on: Mapped[date] = mapped_column(Date)
