"""What people write under a case. Until an organiser approves it everything stays sealed; then the words come into clear."""

import enum
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, BigId, UTCDateTime
from core.types import one_of


class CommentKind(enum.StrEnum):
    """For whoever reads the page, or for the person held as well."""

    COMMENT = "comment"
    SOLIDARITY = "solidarity"


class CommentState(enum.StrEnum):
    """HELD and what organisers make of it, each of which may become any other; WITHDRAWN is the writer's, and final."""

    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Comment(Base):
    """`blob`: name, e-mail, text and country, sealed to the site. `judged_at`: when the state was last set."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("state = 'approved' OR (name IS NULL AND text IS NULL)", name="words_once_approved"),
        Index("ix_comments_case_id_state_id", "case_id", "state", "id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[CommentKind] = mapped_column(one_of(CommentKind))
    state: Mapped[CommentState] = mapped_column(one_of(CommentState), default=CommentState.HELD)
    name: Mapped[str | None] = mapped_column(String(120))
    text: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(String(2))
    reply: Mapped[str] = mapped_column(Text, default="")
    trapped: Mapped[bool] = mapped_column(Boolean, default=False)
    withdraw_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    key_id: Mapped[str] = mapped_column(String(16), default="")
    data_key_id: Mapped[str] = mapped_column(String(16), default="")
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    judged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    case: Mapped[Case] = relationship()
