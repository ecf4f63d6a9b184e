"""Petitions, the sealed submissions that people make, the signatures that they confirm, and the numbers."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, BigId, UTCDateTime
from core.types import one_of
from petitions.states import (
    HIDDEN_STATES,
    ExitReason,
    HeldReason,
    Method,
    PetitionState,
    Purpose,
    SignatureState,
    SubmissionState,
    Visibility,
)

RECEIVED = text("state = 'received'")
BUCKETED = text("bucket IS NOT NULL")
IMPORTED = text("import_id IS NOT NULL")
LIVE = text("state IN ('received', 'mailed', 'held')")  # a query in these words is given their index


class Petition(Base):
    """An addressed letter that people sign. `public_id` names its scope in the vault.

    `answered_on` and `won_on` are set while an answer and a victory stand; their words are kept where they were taken back."""

    __tablename__ = "petitions"
    __table_args__ = (CheckConstraint("goal IS NULL OR goal > 0", name="goal_positive"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    title: Mapped[str] = mapped_column(String(160))
    ask: Mapped[str] = mapped_column(Text, default="")
    letter: Mapped[str] = mapped_column(Text, default="")
    first_signatory: Mapped[str] = mapped_column(String(120), default="")
    first_signatory_role: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[PetitionState] = mapped_column(one_of(PetitionState), default=PetitionState.DRAFT)
    goal: Mapped[int | None] = mapped_column(Integer)
    opens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    time_zone: Mapped[str] = mapped_column(String(40), default="UTC")
    language: Mapped[str] = mapped_column(String(10), default="en")
    sources: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    invited_only: Mapped[bool] = mapped_column(default=False)
    delivered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retention_days: Mapped[int] = mapped_column(Integer, default=90)
    legal_hold: Mapped[str] = mapped_column(Text, default="")
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_on: Mapped[date | None] = mapped_column(Date)
    answer_source: Mapped[str] = mapped_column(String(500), default="")
    closing_lines: Mapped[str] = mapped_column(Text, default="")
    won_on: Mapped[date | None] = mapped_column(Date)
    case: Mapped[Case] = relationship()
    recipients: Mapped[list["Recipient"]] = relationship(
        back_populates="petition", order_by="Recipient.position", cascade="all, delete-orphan"
    )

    @property
    def scope(self) -> str:
        """Its scope in the vault."""
        return f"petition:{self.public_id}"

    @property
    def gift_source(self) -> str:
        """The source code of gifts to which its own pages led."""
        return f"petition-{self.id}"

    @property
    def open(self) -> bool:
        """Whether it takes signatures at this moment."""
        return (
            self.state == PetitionState.OPEN
            and not self.invited_only
            and self.case.frozen_at is None
            and (self.closes_at is None or clock.now() < self.closes_at)
        )

    @property
    def hidden(self) -> bool:
        """Whether the public has never been shown it."""
        return self.state in HIDDEN_STATES or (self.state == PetitionState.ARCHIVED and self.published_at is None)

    @property
    def delivered_on(self) -> date | None:
        """The day of its last delivery, where the petition is at home."""
        return self.delivered_at and self.delivered_at.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def visibility_default(self) -> Visibility:
        return Visibility.COUNTED if self.case.dangerous else Visibility.RECIPIENTS


class Recipient(Base):
    """The official to whom the letter is addressed."""

    __tablename__ = "recipients"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(160), default="")
    organisation: Mapped[str] = mapped_column(String(160), default="")
    address: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    petition: Mapped[Petition] = relationship(back_populates="recipients")


class ConsentText(Base):
    """The words that a signatory agreed to, by hash; written when an organiser publishes or changes the petition."""

    __tablename__ = "consent_texts"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    visibility: Mapped[Visibility] = mapped_column(one_of(Visibility))
    language: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    recipients: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class Submission(Base):
    """What somebody sent: one sealed row, whoever they are. No foreign keys: see ADR 0001, the insert must share no lock."""

    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_received", "id", sqlite_where=RECEIVED, postgresql_where=RECEIVED),
        Index("ix_submissions_petition_id_email_index", "petition_id", "email_index"),
        Index("ix_submissions_expiry", "state", "expires_at"),
        Index("ix_submissions_bucket", "bucket", sqlite_where=BUCKETED, postgresql_where=BUCKETED),
        Index("ix_submissions_petition_id_received_at", "petition_id", "received_at"),
        Index("ix_submissions_cluster_id", "cluster_id"),
        Index("ix_submissions_import_id", "import_id", "id", sqlite_where=IMPORTED, postgresql_where=IMPORTED),
        Index(
            "ix_submissions_live", "petition_id", "state", "held_reason", "cluster_id", "received_at", "held_at",
            sqlite_where=LIVE, postgresql_where=LIVE,
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    petition_id: Mapped[int] = mapped_column(Integer)
    state: Mapped[SubmissionState] = mapped_column(one_of(SubmissionState), default=SubmissionState.RECEIVED)
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    country: Mapped[str] = mapped_column(String(2))
    visibility: Mapped[Visibility] = mapped_column(one_of(Visibility))
    source: Mapped[str] = mapped_column(String(40))
    consent_digest: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    index_version: Mapped[int | None] = mapped_column(Integer)
    code_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_tries: Mapped[int] = mapped_column(Integer, default=0)
    bucket: Mapped[str | None] = mapped_column(String(32))
    proved: Mapped[bool] = mapped_column(default=False)
    trapped: Mapped[bool] = mapped_column(default=False)
    cluster_id: Mapped[str | None] = mapped_column(String(16))
    held_reason: Mapped[HeldReason | None] = mapped_column(one_of(HeldReason))
    held_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    mails: Mapped[int] = mapped_column(Integer, default=0)
    mailed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    import_id: Mapped[int | None] = mapped_column(Integer)


class SignatureToken(Base):
    """The SHA-256 of a mailed link's secret, for one purpose and one submission."""

    __tablename__ = "signature_tokens"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Signature(Base):
    """A confirmed signature: one an address and petition. `public_*` are written by the worker for visibility `public` only."""

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("petition_id", "email_index"),
        CheckConstraint("state = 'valid' OR public_name IS NULL", name="public_only_while_valid"),
        CheckConstraint("visibility = 'public' OR public_name IS NULL", name="public_by_choice"),
        CheckConstraint("state NOT IN ('withdrawn', 'erased') OR (blob IS NULL AND email_index IS NULL)", name="left_is_empty"),
        Index(
            "ix_signatures_public", "petition_id", "id",
            sqlite_where=text("public_name IS NOT NULL"), postgresql_where=text("public_name IS NOT NULL"),
        ),
        Index("ix_signatures_petition_id_state_id", "petition_id", "state", "id"),
        Index("ix_signatures_cluster_id", "cluster_id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"))
    method: Mapped[Method] = mapped_column(one_of(Method), default=Method.WEB)
    state: Mapped[SignatureState] = mapped_column(one_of(SignatureState), default=SignatureState.VALID)
    exit_reason: Mapped[ExitReason | None] = mapped_column(one_of(ExitReason))
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    index_version: Mapped[int | None] = mapped_column(Integer)
    key_id: Mapped[str | None] = mapped_column(ForeignKey("vault_keys.id"))
    data_key_id: Mapped[str | None] = mapped_column(ForeignKey("data_keys.id"))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    country: Mapped[str] = mapped_column(String(2))
    visibility: Mapped[Visibility] = mapped_column(one_of(Visibility))
    source: Mapped[str] = mapped_column(String(40))
    consent_digest: Mapped[str] = mapped_column(ForeignKey("consent_texts.digest"))
    signed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    public_name: Mapped[str | None] = mapped_column(String(120))
    public_affiliation: Mapped[str | None] = mapped_column(String(200))
    cluster_id: Mapped[str | None] = mapped_column(String(16))
    invalidation_id: Mapped[int | None] = mapped_column(ForeignKey("invalidations.id"), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("paper_batches.id"), index=True)


class Suppression(Base):
    """An address whose owner said "I never signed this": silent for this petition until it closes."""

    __tablename__ = "suppressions"
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), primary_key=True)
    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
