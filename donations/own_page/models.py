"""Donors: one row a mailbox, made by the worker once a gift has come from it; and the mailed links to their own page."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Base, BigId, UTCDateTime
from core.types import one_of


class LinkPurpose(enum.StrEnum):
    """What a mailed link is good for: the own page, or proving that a new address is the donor's."""

    PAGE = "page"
    ADDRESS = "address"


class Donor(Base):
    """A mailbox that gifts came from. Its address, the donor's name and postal address are sealed; only the worker opens them.

    `email_index` is the address's HMAC under a key that office and worker hold; erasing nulls it with the blob.
    `postal_at`: when a postal address was given last; None while there is none."""

    __tablename__ = "donors"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    language: Mapped[str] = mapped_column(String(10), default="en")
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    postal_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class DonorLink(Base):
    """A mailed link by the SHA-256 of its secret; it ends after 30 days, or when its donor makes all links useless."""

    __tablename__ = "donor_links"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donors.id"), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(one_of(LinkPurpose), default=LinkPurpose.PAGE)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    donor: Mapped[Donor] = relationship()
