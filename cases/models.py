"""A case: the people held, and the dated events that tell what happened."""

import enum
from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Base, UTCDateTime
from core.types import one_of


class CaseStatus(enum.StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    WON = "won"
    CLOSED = "closed"


class EventKind(enum.StrEnum):
    ARREST = "arrest"
    TRIAL = "trial"
    APPEAL = "appeal"
    RELEASE = "release"
    PROTEST = "protest"
    PRESS = "press"
    MESSAGE = "message"
    OTHER = "other"


class Case(Base):
    """What the site is about. `dangerous` until an organiser has answered the safety questions: signing is then `counted`."""

    __tablename__ = "cases"
    __table_args__ = (CheckConstraint("fund_goal IS NULL OR fund_goal > 0", name="fund_goal_positive"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(160))
    lede: Mapped[str] = mapped_column(Text, default="")
    story: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    country: Mapped[str] = mapped_column(String(2))
    status: Mapped[CaseStatus] = mapped_column(one_of(CaseStatus), default=CaseStatus.DRAFT)
    urgency: Mapped[str] = mapped_column(String(60), default="")
    dangerous: Mapped[bool] = mapped_column(Boolean, default=True)
    safety_answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    safety_note: Mapped[str] = mapped_column(Text, default="")
    fund_title: Mapped[str] = mapped_column(String(160), default="")
    fund_text: Mapped[str] = mapped_column(Text, default="")
    fund_goal: Mapped[int | None] = mapped_column(Integer)
    fund_currency: Mapped[str] = mapped_column(String(3), default="EUR")
    comments_open: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    people: Mapped[list["Person"]] = relationship(
        back_populates="case", order_by="Person.position", cascade="all, delete-orphan"
    )
    events: Mapped[list["Event"]] = relationship(
        back_populates="case", order_by="Event.happened_on.desc(), Event.id.desc()", cascade="all, delete-orphan"
    )

    @property
    def takes_gifts(self) -> bool:
        return bool(self.fund_title) and self.status == CaseStatus.ACTIVE

    @property
    def takes_comments(self) -> bool:
        return self.comments_open and self.status == CaseStatus.ACTIVE


class Person(Base):
    """Somebody held. What is not known stays empty and is not shown."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    name: Mapped[str] = mapped_column(String(120))
    about: Mapped[str] = mapped_column(String(200), default="")
    charge: Mapped[str] = mapped_column(String(200), default="")
    sentence: Mapped[str] = mapped_column(String(120), default="")
    held_at: Mapped[str] = mapped_column(String(120), default="")
    release_due: Mapped[date | None] = mapped_column(Date)
    released_on: Mapped[date | None] = mapped_column(Date)
    case: Mapped[Case] = relationship(back_populates="people")


class Event(Base):
    """Something dated: an arrest, a hearing, a press report, a message. `source` says who says so."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    kind: Mapped[EventKind] = mapped_column(one_of(EventKind))
    happened_on: Mapped[date] = mapped_column(Date, index=True)
    title: Mapped[str] = mapped_column(String(160))
    body: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(160), default="")
    source_url: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    case: Mapped[Case] = relationship(back_populates="events")
