"""Deliveries: what was asked for, the pack that was frozen, what was signed about it, and what became of it."""

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Base, BigId, UTCDateTime
from core.types import one_of
from deliveries.states import DeliveryState, HandedHow, Protection
from petitions.models import Petition

PUBLISHED_WHOLE = (
    "state NOT IN ('ready', 'expired') OR "
    "(manifest IS NOT NULL AND signature IS NOT NULL AND key_fingerprint IS NOT NULL AND made_at IS NOT NULL)"
)


class Delivery(Base):
    """One list for one recipient. `recipient` is a copy, so that what was delivered to whom outlives every edit.

    `blob` is sealed to the site: the key of the stored pack, a password and the cover sheet's code, each where there is
    one. `created_by` and `approved_by` are ids of organisers: the public server's role may read this table, and must not read
    addresses. `manifest` is the exact text whose bytes were signed. `last_signature_id`: the newest on the list."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(PUBLISHED_WHOLE, name="published_whole"),
        CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="second_person"),
        Index("ix_deliveries_petition_id_state", "petition_id", "state"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipients.id", ondelete="SET NULL"), index=True)
    recipient: Mapped[dict[str, str]] = mapped_column(JSON)
    language: Mapped[str] = mapped_column(String(10))
    formats: Mapped[list[str]] = mapped_column(JSON)
    columns: Mapped[list[str]] = mapped_column(JSON)
    countries: Mapped[list[str]] = mapped_column(JSON, default=list)
    since_id: Mapped[int | None] = mapped_column(ForeignKey("deliveries.id"))
    notable_first: Mapped[bool] = mapped_column(default=True)
    count_only: Mapped[bool] = mapped_column(default=False)
    purpose: Mapped[str] = mapped_column(String(500), default="")
    delete_by: Mapped[date | None] = mapped_column(Date)
    protection: Mapped[Protection] = mapped_column(one_of(Protection), default=Protection.NONE)
    age_recipient: Mapped[str] = mapped_column(String(100), default="")
    kept_days: Mapped[int] = mapped_column(Integer, default=14)
    state: Mapped[DeliveryState] = mapped_column(one_of(DeliveryState), default=DeliveryState.WAITING)
    created_by: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    approved_by: Mapped[int | None] = mapped_column(Integer)
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(String(500), default="")
    stage: Mapped[str] = mapped_column(String(40), default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    made_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lines: Mapped[int] = mapped_column(Integer, default=0)
    counted: Mapped[int] = mapped_column(Integer, default=0)
    withheld: Mapped[int] = mapped_column(Integer, default=0)
    last_signature_id: Mapped[int | None] = mapped_column(BigInteger)
    log_size: Mapped[int] = mapped_column(Integer, default=0)
    manifest: Mapped[str | None] = mapped_column(Text)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary(64))
    key_fingerprint: Mapped[str | None] = mapped_column(String(80))
    cover_code_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    key_id: Mapped[str | None] = mapped_column(ForeignKey("vault_keys.id"))
    data_key_id: Mapped[str | None] = mapped_column(ForeignKey("data_keys.id"))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    # the record: what became of it outside
    handed_on: Mapped[date | None] = mapped_column(Date)
    handed_how: Mapped[HandedHow | None] = mapped_column(one_of(HandedHow))
    handed_by: Mapped[str] = mapped_column(String(120), default="")
    received_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    file_number: Mapped[str] = mapped_column(String(120), default="")
    answer_due: Mapped[date | None] = mapped_column(Date)
    reminded_on: Mapped[date | None] = mapped_column(Date)
    reply: Mapped[str] = mapped_column(Text, default="")
    replied_on: Mapped[date | None] = mapped_column(Date)
    petition: Mapped[Petition] = relationship()
    files: Mapped[list["DeliveryFile"]] = relationship(
        order_by="DeliveryFile.position", cascade="all, delete-orphan", passive_deletes=True
    )


class DeliveryFile(Base):
    """A file that went out: each of the pack, and the pack itself as it is fetched; known by its hash for ever."""

    __tablename__ = "delivery_files"
    __table_args__ = (UniqueConstraint("delivery_id", "name"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer, default=0)
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)


class LinePart(Base):
    """Whose signature stands on which line of the list: up to 50,000 ids of signatures, eight bytes each, in line order.

    Asked only for corrections and samples; `first` is the number of the first line, from 1."""

    __tablename__ = "delivery_line_parts"
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    first: Mapped[int] = mapped_column(Integer, primary_key=True)
    signature_ids: Mapped[bytes] = mapped_column(LargeBinary)


class Correction(Base):
    """A line of a delivered list whose signatory has left since; its recipient is told by line number (GDPR Art. 19)."""

    __tablename__ = "delivery_corrections"
    __table_args__ = (UniqueConstraint("delivery_id", "number"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(20))
    found_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
