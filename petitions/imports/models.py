"""An imported file: how it was understood, its lines while they wait, and which of them were refused."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, BigId, UTCDateTime
from core.types import one_of
from petitions.states import ImportOrigin, ImportState, Refusal

RUNNING = text("state = 'running'")


class SignatureImport(Base):
    """One file. `meaning` says which column is what; `cursor` is the last part of it that was taken in.

    People are being invited while `invited_at` is set and `invite_ended_at` is not: as far as the row `invite_cursor`."""

    __tablename__ = "signature_imports"
    __table_args__ = (
        Index("uq_signature_imports_running", "petition_id", unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), index=True)
    origin: Mapped[ImportOrigin] = mapped_column(one_of(ImportOrigin))
    label: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[ImportState] = mapped_column(one_of(ImportState), default=ImportState.COUNTING)
    meaning: Mapped[dict[str, Any]] = mapped_column(JSON)
    encoding: Mapped[str] = mapped_column(String(20))
    delimiter: Mapped[str] = mapped_column(String(1))
    lines: Mapped[int] = mapped_column(Integer)
    parts: Mapped[int] = mapped_column(Integer)
    cursor: Mapped[int] = mapped_column(Integer, default=0)
    asked: Mapped[int] = mapped_column(Integer, default=0)
    good: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[int] = mapped_column(Integer, default=0)
    without_address: Mapped[int] = mapped_column(Integer, default=0)
    without_updates: Mapped[int] = mapped_column(Integer, default=0)
    created_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    invited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    invite_cursor: Mapped[int] = mapped_column(BigId, default=0)
    invited: Mapped[int] = mapped_column(Integer, default=0)
    invite_ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ImportPart(Base):
    """Some lines of a file, sealed to the site until they are taken in; number 0 is the line with the columns' names."""

    __tablename__ = "import_parts"
    __table_args__ = (
        Index("uq_import_parts_import_id_number", "import_id", "number", unique=True),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("signature_imports.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRefusal(Base):
    """A line that stays out, by its number in the file, and why; nothing of what stands on it."""

    __tablename__ = "import_refusals"
    import_id: Mapped[int] = mapped_column(ForeignKey("signature_imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    reason: Mapped[Refusal] = mapped_column(one_of(Refusal))
