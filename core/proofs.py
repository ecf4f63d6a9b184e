"""Proofs of work (ALTCHA, on our own server) and what else is good once: whoever uses it a second time proves nothing.

Each is made for one subject, say a petition or the donate form, and is nothing worth elsewhere."""

import binascii
import hashlib
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from altcha import v1 as altcha
from flask import current_app
from sqlalchemy import LargeBinary, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, UTCDateTime, db
from core.group_commit import GroupCommit, inserting
from core.tokens import key_for

LIFE = timedelta(hours=2)  # of a challenge: who reads the letter at leisure is not punished
HARDEST = 60_000  # tries; a phone needs a second or two
LONGEST = 2_000  # characters of a proof


class SpentProof(Base):
    """A solved challenge that was used, by its hash, until it would have expired: a second use proves nothing."""

    __tablename__ = "spent_proofs"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


INSERT = sqlalchemy.insert(SpentProof.__table__)  # type: ignore[arg-type]


def challenge(subject: str) -> dict[str, Any]:
    """A new challenge for this subject, as ALTCHA's widgets read it."""
    made = altcha.create_challenge(
        altcha.ChallengeOptions(
            hmac_key=key_for("proof"),
            max_number=HARDEST,
            expires=clock.now() + LIFE,
            params={"for": subject},
        )
    )
    return made.to_dict()


def accepted(subject: str, payload: str) -> bool:
    """Whether this solves one of our challenges for the subject and was not used before; from now on it was. Commits that."""
    if not payload or len(payload) > LONGEST:
        return False
    try:
        solved, _error = altcha.verify_solution(payload, key_for("proof"), check_expires=True)
        proof = altcha.Payload.from_base64(payload)
        _nonce, expires, params = proof.parse_salt()
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError):  # whatever was sent
        return False
    if not solved or expires is None or params.get("for") != [subject]:
        return False
    return spend(proof.challenge)


def spend(mark: str) -> bool:
    """Whether this mark is spent for the first time within two hours. Commits that."""
    digest = hashlib.sha256(mark.encode()).digest()
    spent: GroupCommit[Any] = current_app.extensions.setdefault("spent-proofs", GroupCommit(inserting(INSERT)))
    try:
        spent.add({"digest": digest, "expires_at": clock.now() + LIFE})
    except IntegrityError:
        return False
    return True


def purge() -> bool:
    """The worker's tick: forgets used proofs that are too old to be accepted again. Commits."""
    db.session.execute(delete(SpentProof).where(SpentProof.expires_at < clock.now()))
    db.session.commit()
    return False
