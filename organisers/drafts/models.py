"""A file of cases or petitions that was taken in, and the drafts that came of its lines."""

import enum
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, UTCDateTime
from core.types import one_of
from petitions.models import Petition


class DraftKind(enum.StrEnum):
    CASES = "cases"
    PETITIONS = "petitions"


class DraftImport(Base):
    """One file. `left_out`: line and sentence of what stayed out. `public_id` names its sending, which happens once."""

    __tablename__ = "draft_imports"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    kind: Mapped[DraftKind] = mapped_column(one_of(DraftKind))
    label: Mapped[str] = mapped_column(String(120), default="")
    made: Mapped[int] = mapped_column(Integer, default=0)
    left_out: Mapped[list[tuple[int, str]]] = mapped_column(JSON, default=list)
    created_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    taken_back_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    rows: Mapped[list["DraftImportRow"]] = relationship(order_by="DraftImportRow.line", cascade="all, delete-orphan")


class DraftImportRow(Base):
    """A line's draft while it exists: the case, or the petition and its case.

    `mark` knows the line again in a later file; `state` is the draft's content as it came in, by hash."""

    __tablename__ = "draft_import_rows"
    import_id: Mapped[int] = mapped_column(ForeignKey("draft_imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    state: Mapped[bytes] = mapped_column(LargeBinary(32))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id", ondelete="SET NULL"), index=True)
    petition_id: Mapped[int | None] = mapped_column(ForeignKey("petitions.id", ondelete="SET NULL"), index=True)
    case: Mapped[Case | None] = relationship()
    petition: Mapped[Petition | None] = relationship()
