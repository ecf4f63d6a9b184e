"""What the office keeps of its people besides the account itself: roles, sessions, second factors, what is under way."""

import enum
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cases.models import Case
from core import clock
from core.db import Base, UTCDateTime
from core.types import one_of
from organisers.models import Organiser

EVERY_CASE = text("case_id IS NULL")
ONE_CASE = text("case_id IS NOT NULL")


class OfficeRole(enum.StrEnum):
    OWNER = "owner"
    ORGANISER = "organiser"
    MODERATOR = "moderator"
    TREASURER = "treasurer"
    VIEWER = "viewer"


def of_organiser() -> Any:
    return mapped_column(ForeignKey("organisers.id", ondelete="CASCADE"), index=True)


class Membership(Base):
    """A role that somebody has: in one case, or without a case in every one. Owners and treasurers have no case."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("case_id IS NULL OR role NOT IN ('owner', 'treasurer')", name="role_of_the_whole_site"),
        Index(
            "uq_memberships_organiser_role", "organiser_id", "role", unique=True,
            sqlite_where=EVERY_CASE, postgresql_where=EVERY_CASE,
        ),
        Index(
            "uq_memberships_organiser_role_case", "organiser_id", "role", "case_id", unique=True,
            sqlite_where=ONE_CASE, postgresql_where=ONE_CASE,
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organiser_id: Mapped[int] = of_organiser()
    role: Mapped[OfficeRole] = mapped_column(one_of(OfficeRole))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    case: Mapped[Case | None] = relationship()


class OfficeSession(Base):
    """One browser that has entered. The cookie carries a secret, this row its SHA-256: what ended here is over.

    `factor_at`: when the second factor was given. `stepped_up_at`: when somebody last proved who they are.
    `challenge`: what a passkey has to sign next, once."""

    __tablename__ = "office_sessions"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    organiser_id: Mapped[int] = of_organiser()
    entered_by: Mapped[str] = mapped_column(String(12))
    browser: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    factor_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stepped_up_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    organiser: Mapped[Organiser] = relationship()


class CodeApp(Base):
    """An authenticator app (TOTP). Its secret is sealed to the site; `last_step` is the newest code that was used.

    It counts from `confirmed_at` on: before, nobody has shown that the app makes the same codes."""

    __tablename__ = "code_apps"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=lambda: secrets.token_urlsafe(16))
    organiser_id: Mapped[int] = of_organiser()
    name: Mapped[str] = mapped_column(String(60))
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Passkey(Base):
    """A WebAuthn credential: on a device, in a password manager, or a key on a key ring."""

    __tablename__ = "passkeys"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organiser_id: Mapped[int] = of_organiser()
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class RecoveryCode(Base):
    """The SHA-256 of a code of 80 random bits that stands in for a lost factor, once; gone when it was used."""

    __tablename__ = "recovery_codes"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    organiser_id: Mapped[int] = of_organiser()


class OfficeInvitation(Base):
    """Somebody who was asked into the office and has not come yet; gone once they have, or once it is taken back.

    `cases`: ids of those that the role is for; none means every case."""

    __tablename__ = "office_invitations"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    role: Mapped[OfficeRole] = mapped_column(one_of(OfficeRole))
    cases: Mapped[list[int]] = mapped_column(JSON)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    invited_by: Mapped[str] = mapped_column(String(254))
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class KeptForm(Base):
    """What somebody had typed when a proof was due or their session had run out: sealed, for an hour at most.

    With a session it waits there until the proof is given; without one until its account has logged in again."""

    __tablename__ = "kept_forms"
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(22), unique=True)
    organiser_id: Mapped[int] = of_organiser()
    session_id: Mapped[int | None] = mapped_column(ForeignKey("office_sessions.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now, index=True)


class EmailChange(Base):
    """A new address that waits until its mailbox has answered; gone when it has."""

    __tablename__ = "email_changes"
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
