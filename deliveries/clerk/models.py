"""Mailed links to the clerk who keeps the file, and the papers that come back."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Base, UTCDateTime
from core.types import one_of
from deliveries.models import Delivery
from deliveries.states import PaperKind


class ClerkLink(Base):
    """The SHA-256 of a mailed link's secret; the address and what the mail needs are sealed to the site (`blob`).

    `code_digest`: of the code that opens the files, told by another path; after five wrong tries it is dead. `checkpoint_at`:
    when the newest checkpoint of the petition's log was last mailed there."""

    __tablename__ = "clerk_links"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[str | None] = mapped_column(ForeignKey("vault_keys.id"))
    data_key_id: Mapped[str | None] = mapped_column(ForeignKey("data_keys.id"))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    code_tries: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checkpoint_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    delivery: Mapped[Delivery] = relationship()

    @property
    def live(self) -> bool:
        return self.revoked_at is None and self.expires_at > clock.now()


class DeliveryPaper(Base):
    """A scan of the receipt, or the official's reply, sealed to the site; public only once an organiser says so, and then
    `content` holds it for the public server, which opens nothing."""

    __tablename__ = "delivery_papers"
    __table_args__ = (CheckConstraint("(content IS NULL) = (published_at IS NULL)", name="published_whole"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    kind: Mapped[PaperKind] = mapped_column(one_of(PaperKind))
    by_clerk: Mapped[bool] = mapped_column(default=False)
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    key_id: Mapped[str | None] = mapped_column(ForeignKey("vault_keys.id"))
    data_key_id: Mapped[str | None] = mapped_column(ForeignKey("data_keys.id"))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    delivery: Mapped[Delivery] = relationship()
