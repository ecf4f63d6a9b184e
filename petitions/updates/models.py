"""Updates: what organisers write to those who asked for news, how far the sending has come, and whom it reached this week."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Base, UTCDateTime
from core.types import one_of
from petitions.models import Petition


class UpdateKind(enum.StrEnum):
    """Written by an organiser, or made by the site when something happened to the petition."""

    WRITTEN = "written"
    CHANGED = "changed"
    VICTORY = "victory"
    ANSWERED = "answered"


class UpdateState(enum.StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Audience(enum.StrEnum):
    SIGNATORIES = "signatories"
    DONORS = "donors"
    EVERYBODY = "everybody"


class Update(Base):
    """One text in one or more languages, sent to an audience in batches from `cursor` of `phase` on.

    `texts`: language → subject and Markdown body; the first is the original, whatever language the petition has by now.
    `key` makes what the site itself writes unique. `headline`: under which the original also stands as news on the case's
    page, empty where it does not.
    `promised` counts the mails that the outbox was given."""

    __tablename__ = "updates"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> written_by", name="approved_by_another"),
        Index("ix_updates_state_starts_at", "state", "starts_at"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), index=True)
    kind: Mapped[UpdateKind] = mapped_column(one_of(UpdateKind), default=UpdateKind.WRITTEN)
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    state: Mapped[UpdateState] = mapped_column(one_of(UpdateState), default=UpdateState.DRAFT)
    texts: Mapped[dict[str, Any]] = mapped_column(JSON)
    audience: Mapped[Audience] = mapped_column(one_of(Audience), default=Audience.SIGNATORIES)
    country: Mapped[str] = mapped_column(String(2), default="")
    headline: Mapped[str] = mapped_column(String(160), default="")
    starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    phase: Mapped[int] = mapped_column(Integer, default=0)
    cursor: Mapped[int] = mapped_column(BigInteger, default=0)
    promised: Mapped[int] = mapped_column(Integer, default=0)
    created_by: Mapped[str] = mapped_column(String(254))
    written_by: Mapped[str] = mapped_column(String(254))
    approved_by: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    petition: Mapped[Petition] = relationship()

    @property
    def language(self) -> str:
        """Of the original."""
        return next(iter(self.texts))

    @property
    def original(self) -> dict[str, str]:
        """Subject and body as they were written first."""
        return self.text_in(self.language)

    def text_in(self, language: str) -> dict[str, str]:
        """Subject and body in this language where it was written, else the original."""
        text: dict[str, str] = self.texts.get(language) or self.texts[self.language]
        return text


class UpdateCount(Base):
    """What became of an update's mails, by outcome."""

    __tablename__ = "update_counts"
    update_id: Mapped[int] = mapped_column(ForeignKey("updates.id", ondelete="CASCADE"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    mails: Mapped[int] = mapped_column(Integer)


class UpdateMark(Base):
    """When a mailbox last was promised an update of this petition; a week later the row goes.

    `mark` is the SHA-256 of the secret in its "no more updates" link: good for this petition only, and tested with the keystore
    only."""

    __tablename__ = "update_marks"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    update_id: Mapped[int] = mapped_column(ForeignKey("updates.id", ondelete="CASCADE"), index=True)
    promised_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
