"""Invitations: the members of a closed letter, and the notable signatories and organisations of an open petition."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime
from core.types import one_of
from petitions.states import InvitationKind, InvitationState


class Invitation(Base):
    """Somebody asked by name to sign. Name, mailbox, role and contact are sealed; `public_*` are written once it may be shown.

    A member is shown once it has confirmed; a notable or an organisation once an organiser has approved that, too."""

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("petition_id", "email_index"),
        CheckConstraint("state IN ('confirmed', 'approved') OR public_name IS NULL", name="shown_once_confirmed"),
        Index("ix_invitations_petition_id_position", "petition_id", "position"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"))
    kind: Mapped[InvitationKind] = mapped_column(one_of(InvitationKind))
    state: Mapped[InvitationState] = mapped_column(one_of(InvitationState), default=InvitationState.PROPOSED)
    position: Mapped[int] = mapped_column(Integer, default=0)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    index_version: Mapped[int | None] = mapped_column(Integer)
    key_id: Mapped[str | None] = mapped_column(ForeignKey("vault_keys.id"))
    data_key_id: Mapped[str | None] = mapped_column(ForeignKey("data_keys.id"))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    country: Mapped[str] = mapped_column(String(2), default="")
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("invitations.id"), index=True)
    invited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    signature_id: Mapped[int | None] = mapped_column(ForeignKey("signatures.id"), index=True)
    public_name: Mapped[str | None] = mapped_column(String(120))
    public_role: Mapped[str | None] = mapped_column(String(100))
    public_affiliation: Mapped[str | None] = mapped_column(String(200))
    public_size: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
