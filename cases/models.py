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
    language: Mapped[str] = mapped_column(String(10), default="en")
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
    review_on: Mapped[date | None] = mapped_column(Date)
    review_told_on: Mapped[date | None] = mapped_column(Date)
    frozen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blurred_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    people: Mapped[list["Person"]] = relationship(
        back_populates="case", order_by="Person.position, Person.id", cascade="all, delete-orphan"
    )
    events: Mapped[list["Event"]] = relationship(
        back_populates="case", order_by="Event.happened_on.desc(), Event.id.desc()", cascade="all, delete-orphan"
    )

    images: Mapped[list["CaseImage"]] = relationship(
        back_populates="case", order_by="CaseImage.id", cascade="all, delete-orphan"
    )

    @property
    def picture(self) -> "CaseImage | None":
        """The picture that stands for the case: the first that is of no single person, else the first."""
        return min(self.images, key=lambda image: (image.person_id is not None, image.id), default=None)

    def pictures_of(self, person: "Person | None") -> list["CaseImage"]:
        """The other pictures, of this person, or of nobody alone."""
        wanted = person.id if person else None
        return [image for image in self.images if image.person_id == wanted and image is not self.picture]

    @property
    def takes_gifts(self) -> bool:
        return bool(self.fund_title) and self.status == CaseStatus.ACTIVE and self.frozen_at is None

    @property
    def takes_comments(self) -> bool:
        return self.comments_open and self.status == CaseStatus.ACTIVE and self.frozen_at is None


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


class ImageFormat(enum.StrEnum):
    WEBP = "webp"
    JPEG = "jpeg"


class CaseImage(Base):
    """A picture of a case, or of a person in it; its files are what we made of what was uploaded, which is not kept."""

    __tablename__ = "case_images"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    alt: Mapped[str] = mapped_column(String(300))
    credit: Mapped[str] = mapped_column(String(200))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    case: Mapped[Case] = relationship(back_populates="images")
    person: Mapped[Person | None] = relationship()
    files: Mapped[list["ImageFile"]] = relationship(
        back_populates="image", order_by="ImageFile.width", cascade="all, delete-orphan"
    )

    def variants(self, wanted: str) -> list["ImageFile"]:
        """The files of a format that may be shown now, the smallest first."""
        blurred = self.case.blurred_at is not None
        return [file for file in self.files if file.format == wanted and file.blurred == blurred]


class ImageFile(Base):
    """One size of a picture, in one format, sharp or blurred; `digest` names its content in its address."""

    __tablename__ = "case_image_files"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("case_images.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(32), index=True)
    format: Mapped[ImageFormat] = mapped_column(one_of(ImageFormat))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    blurred: Mapped[bool] = mapped_column(Boolean)
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    image: Mapped[CaseImage] = relationship(back_populates="files")


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
