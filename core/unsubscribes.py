"""Never write to me again: the link in each mail, and the addresses that used it.

The link's token is the address's HMAC under a key that only office and worker hold; the database keeps the token's SHA-256."""

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime

from sqlalchemy import LargeBinary, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime, db, insert
from core.tokens import digest
from core.vault import vault


class Unsubscribe(Base):
    __tablename__ = "unsubscribes"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


def token_of(email: str) -> str:
    """The secret of an address's link, the same in each of its mails; needs the keystore."""
    mark = hmac.digest(vault().keystore.key_for("unsubscribe"), email.strip().lower().encode(), "sha256")
    return urlsafe_b64encode(mark).decode().rstrip("=")


def stop(token: str) -> None:
    """From now on nothing goes to the address of this token; a token that is nobody's does no harm."""
    row = insert(Unsubscribe).values(digest=digest(token), created_at=clock.now())
    db.session.execute(row.on_conflict_do_nothing())


def allow(token: str) -> None:
    """Takes `stop` back."""
    db.session.execute(delete(Unsubscribe).where(Unsubscribe.digest == digest(token)))


def is_stopped(token: str) -> bool:
    return db.session.scalar(select(Unsubscribe.digest).where(Unsubscribe.digest == digest(token))) is not None
