"""What moderators did, so that each act can be undone: states, reason and note, never the words that were judged."""

import enum
from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigId, UTCDateTime
from core.types import one_of


class Act(enum.StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    UNDO = "undo"


class RejectReason(enum.StrEnum):
    ABUSE = "abuse"
    PERSONAL = "personal"
    DANGER = "danger"
    SPAM = "spam"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


class ModerationAct(Base):
    """One judgement of one subject, like 'comment:12'; approving what is shown already keeps it, whatever was reported."""

    __tablename__ = "moderation_acts"
    __table_args__ = (
        Index("ix_moderation_acts_subject_id", "subject", "id"),
        Index("ix_moderation_acts_actor_id", "actor", "id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(String(40))
    act: Mapped[Act] = mapped_column(one_of(Act))
    before: Mapped[str] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    reason: Mapped[RejectReason | None] = mapped_column(one_of(RejectReason))
    note: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
