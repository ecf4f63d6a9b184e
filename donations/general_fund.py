"""What organisers said of the general fund: its title, its text, its goal."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import audit, clock
from core.db import Base, UTCDateTime, db, insert

ONLY = 1


class GeneralFund(Base):
    """One row, or none where nothing was said yet; blank texts stand for the page's own."""

    __tablename__ = "general_fund"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("goal IS NULL OR goal > 0", name="goal_positive"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(160))
    text: Mapped[str] = mapped_column(Text)
    goal: Mapped[int | None] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[str] = mapped_column(String(254))


def find() -> GeneralFund | None:
    """What was said last."""
    return db.session.get(GeneralFund, ONLY)


def describe(*, title: str, text: str, goal: int | None, currency: str, actor: str) -> None:
    """Says what the general fund is, noted in the audit chain; `goal` in minor units."""
    row = {
        "id": ONLY, "title": title, "text": text, "goal": goal, "currency": currency, "changed_at": clock.now(),
        "changed_by": actor,
    }  # fmt: skip
    kept = insert(GeneralFund).values(row)
    db.session.execute(kept.on_conflict_do_update(index_elements=["id"], set_=row))
    audit.record("general_fund.described", "general", actor=actor, title=title, goal=goal, currency=currency)
