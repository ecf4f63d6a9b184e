"""Mailboxes that refuse our mail for good: no update goes there any more.

Kept is the digest of the mailbox's unsubscribe link, of the whole site or of one list; it tells nobody whose it is."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import LargeBinary, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime, db, insert

KEPT = timedelta(days=365)  # then the mailbox may be tried again: people come back


class Bounce(Base):
    __tablename__ = "mail_bounces"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now, index=True)


AMONG = select(Bounce.digest).where(Bounce.digest.in_(bindparam("digests", expanding=True)))


def note(digest: bytes) -> bool:
    """Notes a mailbox in the current transaction; whether it was not known yet."""
    row = insert(Bounce).values(digest=digest, created_at=clock.now())
    return db.session.execute(row.on_conflict_do_nothing().returning(Bounce.digest)).first() is not None


def among(digests: Iterable[bytes]) -> set[bytes]:
    """Those of the digests that are noted."""
    return set(db.session.scalars(AMONG, {"digests": list(digests)}))


def forget() -> bool:
    """The worker's tick: a mailbox that refused a year ago is tried again. Commits."""
    old = Bounce.created_at <= clock.now() - KEPT
    if db.session.scalar(select(Bounce.digest).where(old).limit(1)) is None:
        return False
    db.session.execute(delete(Bounce).where(old), execution_options={"synchronize_session": False})
    db.session.commit()
    return True
