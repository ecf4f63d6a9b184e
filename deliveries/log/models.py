"""The log's leaves, its checkpoints, and which leaf stands for which signature."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, BigId, UTCDateTime


class LogChunk(Base):
    """Up to 8,192 leaves of 32 bytes, in the log's order; leaves are only ever added. `first`: position, from 0."""

    __tablename__ = "log_chunks"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    first: Mapped[int] = mapped_column(Integer, primary_key=True)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)


class LogWaiting(Base):
    """Leaves of lines that `logged_lines` has already: they go into the log together, shuffled, and these rows with that.

    What an append has left that was killed waits here for the next one."""

    __tablename__ = "log_waiting"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), index=True)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)


class LogCheckpoint(Base):
    """What was signed about the first `size` leaves: `digest` is the SHA-256 of their bytes, `note` the signed note's text.

    Without a note: one that went out, and whose leaves a restored backup did not have; it stands here to be owned up to."""

    __tablename__ = "log_checkpoints"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    size: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class LoggedLine(Base):
    """The leaf that stands for a signature now, and the one that will take it back, made while the salt is at hand: who leaves
    empties the row, and with it the salt.

    `episode` is mixed into the salt, so that who comes back gets a leaf that nobody can link to the first. `nonce` begins the
    sealed row that was read: another one there tells that the line may have changed."""

    __tablename__ = "logged_lines"
    signature_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), index=True)
    episode: Mapped[bytes] = mapped_column(LargeBinary(16))
    nonce: Mapped[bytes] = mapped_column(LargeBinary(12))
    consent_digest: Mapped[str] = mapped_column(String(64))
    add_leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
    remove_leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
