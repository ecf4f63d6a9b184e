"""Never write to me again, or nothing of one list: the links in our mails, and the addresses that used them.

The link's token is the address's HMAC under a key that only office and worker hold; the database keeps the token's SHA-256.
So the public server can neither make a token nor tell whose it is; it takes any that is well formed."""

import hmac
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import LargeBinary, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, journal
from core.addresses import ascii_domain
from core.db import Base, RowNotFound, UTCDateTime, db, insert
from core.jobs import WISH
from core.tokens import digest
from core.vault import vault

WHOLE = re.compile(
    r"[A-Za-z0-9_-]{43}", re.ASCII
)  # 32 bytes; a link that lost its end must not look as if it had worked
STOPPED, ALLOWED = "mail-stopped", "mail-allowed"  # acts of the journal


class LinkDamaged(RowNotFound):
    """A token that no mail of ours ever carried, most likely a part of one."""


class Unsubscribe(Base):
    __tablename__ = "unsubscribes"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


AMONG = select(Unsubscribe.digest).where(Unsubscribe.digest.in_(bindparam("digests", expanding=True)))


def token_of(email: str, of: str = "") -> str:
    """The secret of a mailbox's link, the same in each of its mails; needs the keystore. `of`: a list, else the whole site."""
    named = f"{_mailbox(email)}\n{of}" if of else _mailbox(email)
    mark = hmac.digest(vault().keystore.key_for("unsubscribe"), named.encode(), "sha256")
    return urlsafe_b64encode(mark).decode().rstrip("=")


def digest_of(email: str, of: str = "") -> bytes:
    """What the database would hold of a mailbox that wants no mail, or none of a list."""
    return digest(token_of(email, of))


def check(token: str) -> None:
    """Raises LinkDamaged for what cannot be a token."""
    if not WHOLE.fullmatch(token):
        raise LinkDamaged(token[:4])


def stop(token: str) -> None:
    """From now on nothing goes to the mailbox of this token; a token that is nobody's does no harm."""
    _stop(digest(token))


def allow(token: str) -> None:
    """Takes `stop` back."""
    _allow(digest(token))


def replay(act: str, name: str) -> None:
    """Repeats a journalled stopping or allowing after an old backup was restored; other acts do nothing."""
    if act in ACTS:
        ACTS[act](bytes.fromhex(name))


def is_stopped(token: str) -> bool:
    return db.session.scalar(select(Unsubscribe.digest).where(Unsubscribe.digest == digest(token))) is not None


def among(digests: Iterable[bytes]) -> set[bytes]:
    """Those of the digests that want no mail."""
    return set(db.session.scalars(AMONG, {"digests": list(digests)}))


def stop_digest(mark: bytes) -> bool:
    """`stop` where the digest alone is known; whether it was not stopped yet."""
    row = insert(Unsubscribe).values(digest=mark, created_at=clock.now())
    new = db.session.execute(row.on_conflict_do_nothing().returning(Unsubscribe.digest)).first() is not None
    if new:
        journal.promise(STOPPED, mark.hex(), priority=WISH)
    return new


def _stop(mark: bytes) -> None:
    stop_digest(mark)


def _allow(mark: bytes) -> None:
    ended = delete(Unsubscribe).where(Unsubscribe.digest == mark).returning(Unsubscribe.digest)
    if db.session.execute(ended).first():
        journal.promise(ALLOWED, mark.hex(), priority=WISH)


ACTS = {STOPPED: _stop, ALLOWED: _allow}


def _mailbox(email: str) -> str:
    """The spellings that reach one mailbox everywhere: letter case, width, domain in ASCII, '+tag'.

    Rules of single providers (Gmail's dots) are a petition's business: there a mailbox counts once and gets five mails."""
    local, _at, domain = unicodedata.normalize("NFKC", email.strip()).lower().rpartition("@")
    plain = f"{local.partition('+')[0] or local}@{domain}"
    try:
        return ascii_domain(plain)
    except UnicodeError:  # no mail server knows this domain; whoever is stopped stays stopped
        return plain
