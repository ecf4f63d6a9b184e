"""The question that the donor of a regular gift is asked once its case needs no more money."""

import enum
from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, UTCDateTime
from core.types import one_of
from donations.models import Donation


class Answer(enum.StrEnum):
    """moved: to another fund; stopped: the donor ended the gift, or it had ended; silent: no answer came, so it was ended."""

    MOVED = "moved"
    STOPPED = "stopped"
    SILENT = "silent"


class FundQuestion(Base):
    """One a regular gift and case. Nothing is taken while it is open; without an answer by `due_at` the gift ends.

    `was_paused`, `resumes_at` (None: no end): the pause that its donor had wished for before, and has again afterwards.
    A case that takes gifts again while the question is open takes the row away: there is nothing left to answer."""

    __tablename__ = "fund_questions"
    __table_args__ = (
        Index(
            "ix_fund_questions_open", "due_at",
            sqlite_where=text("answered_at IS NULL"), postgresql_where=text("answered_at IS NULL"),
        ),
    )  # fmt: skip
    donation_id: Mapped[int] = mapped_column(ForeignKey("donations.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[Answer | None] = mapped_column(one_of(Answer))
    was_paused: Mapped[bool] = mapped_column(Boolean, default=False)
    resumes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    donation: Mapped[Donation] = relationship()
    case: Mapped[Case] = relationship()

    @property
    def still_paused(self) -> bool:
        """Whether the pause that its donor had wished for goes on."""
        return self.was_paused and (self.resumes_at is None or self.resumes_at > clock.now())
