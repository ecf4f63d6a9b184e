"""A case: the people held, the dated events that tell what happened, and who agreed that it is told."""

import enum
from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Integer, LargeBinary, String, Text
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


class ShownAs(enum.StrEnum):
    """How the site calls a person."""

    NAME = "name"
    INITIALS = "initials"


class ConsentBasis(enum.StrEnum):
    """Who agreed to a public campaign; `public`: the person's case was public by their own or their organisation's words."""

    PERSON = "person"
    FAMILY = "family"
    LAWYER = "lawyer"
    PUBLIC = "public"


class ConsentMeans(enum.StrEnum):
    WRITING = "writing"
    CALL = "call"
    MEETING = "meeting"
    PUBLISHED = "published"


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
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    review_on: Mapped[date | None] = mapped_column(Date)
    review_told_on: Mapped[date | None] = mapped_column(Date)
    frozen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blurred_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    people: Mapped[list["Person"]] = relationship(
        back_populates="case", order_by="Person.position", cascade="all, delete-orphan"
    )
    events: Mapped[list["Event"]] = relationship(
        back_populates="case", order_by="Event.happened_on.desc(), Event.id.desc()", cascade="all, delete-orphan"
    )

    @property
    def takes_gifts(self) -> bool:
        return bool(self.fund_title) and self.status == CaseStatus.ACTIVE and self.frozen_at is None


class Person(Base):
    """Somebody held. What is not known stays empty and is not shown."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    name: Mapped[str] = mapped_column(String(120))
    other_spellings: Mapped[str] = mapped_column(Text, default="")
    shown_as: Mapped[ShownAs] = mapped_column(one_of(ShownAs), default=ShownAs.NAME)
    about: Mapped[str] = mapped_column(String(200), default="")
    charge: Mapped[str] = mapped_column(String(200), default="")
    sentence: Mapped[str] = mapped_column(String(120), default="")
    held_at: Mapped[str] = mapped_column(String(120), default="")
    release_due: Mapped[date | None] = mapped_column(Date)
    released_on: Mapped[date | None] = mapped_column(Date)
    case: Mapped[Case] = relationship(back_populates="people")

    @property
    def public_name(self) -> str:
        """What every public page calls this person."""
        return initials(self.name) if self.shown_as == ShownAs.INITIALS else self.name

    @property
    def spellings(self) -> list[str]:
        """The name and its other spellings, one a line of what was typed."""
        return [self.name, *filter(None, map(str.strip, self.other_spellings.splitlines()))]


def initials(name: str) -> str:
    """A name's initials: A. K. for Ainur Kurmanov; initials stay as they are."""
    return " ".join(f"{word[0].upper()}." for word in name.split())


class Consent(Base):
    """Somebody's yes to telling of a person, or without one of everybody in the case. Its note may name relatives: sealed."""

    __tablename__ = "case_consents"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    basis: Mapped[ConsentBasis] = mapped_column(one_of(ConsentBasis))
    means: Mapped[ConsentMeans] = mapped_column(one_of(ConsentMeans))
    given_on: Mapped[date] = mapped_column(Date)
    key_id: Mapped[str | None] = mapped_column(String(16))
    data_key_id: Mapped[str | None] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    recorded_by: Mapped[str] = mapped_column(String(254))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    person: Mapped[Person | None] = relationship()


class GoneAddress(Base):
    """The keyed hash of an address that named somebody and is no more: it answers 410, and what it was stands nowhere."""

    __tablename__ = "gone_addresses"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    gone_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


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
