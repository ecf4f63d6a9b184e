"""Proofs of work (ALTCHA, on our own server): asked for while a petition is under attack, never needed.

Who brings none, or one that is wrong or was used before, is taken all the same, and gets the mail later."""

import binascii
import hashlib
from datetime import timedelta
from typing import Any

import sqlalchemy
from altcha import v1 as altcha
from flask import current_app
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import db
from core.group_commit import GroupCommit, inserting
from core.remembered import Remembered
from core.switches import switches
from core.tokens import key_for
from petitions.abuse.models import Signal, SpentProof
from petitions.models import Submission

LIFE = timedelta(hours=2)  # of a challenge: who reads the letter at leisure is not punished
HARDEST = 60_000  # tries; a phone needs a second or two
LONGEST = 2_000  # characters of a proof
ATTACK_LASTS = timedelta(hours=6)  # after a signal that nobody has settled
RUSH = timedelta(minutes=5)
RUSH_BEGINS = 300  # signings within it
INSERT = sqlalchemy.insert(SpentProof.__table__)  # type: ignore[arg-type]


def wanted(petition_id: int) -> bool:
    """Whether signing this petition asks for a proof now: as the switch says, or under attack; never with LIMITS=off."""
    if not current_app.config["UNDERSIGNED"].limits:
        return False
    switch = switches().proof
    return switch == "on" or (switch == "auto" and _attacked.get(petition_id))


def challenge(petition_id: int) -> dict[str, Any]:
    """A new challenge for this petition, as ALTCHA's widgets read it."""
    made = altcha.create_challenge(
        altcha.ChallengeOptions(
            hmac_key=key_for("proof"),
            max_number=HARDEST,
            expires=clock.now() + LIFE,
            params={"petition": str(petition_id)},
        )
    )
    return made.to_dict()


def accepted(petition_id: int, payload: str) -> bool:
    """Whether this solves one of our challenges for the petition and was not used before; from now on it was. Commits that."""
    if not payload or len(payload) > LONGEST:
        return False
    try:
        solved, _error = altcha.verify_solution(payload, key_for("proof"), check_expires=True)
        proof = altcha.Payload.from_base64(payload)
        _nonce, expires, params = proof.parse_salt()
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError):  # whatever was sent
        return False
    if not solved or expires is None or params.get("petition") != [str(petition_id)]:
        return False
    return _spend(proof.challenge)


def purge() -> bool:
    """The worker's tick: forgets used proofs that are too old to be accepted again. Commits."""
    db.session.execute(delete(SpentProof).where(SpentProof.expires_at < clock.now()))
    db.session.commit()
    return False


def _spend(challenge: str) -> bool:
    digest = hashlib.sha256(challenge.encode()).digest()
    spent: GroupCommit[Any] = current_app.extensions.setdefault("spent-proofs", GroupCommit(inserting(INSERT)))
    try:
        spent.add({"digest": digest, "expires_at": clock.now() + LIFE})
    except IntegrityError:
        return False
    return True


def _read(connection: Connection, petition_id: int) -> bool:
    since = (Signal.created_at > clock.now() - ATTACK_LASTS, Signal.settled_at.is_(None))
    if connection.scalar(select(Signal.id).where(Signal.petition_id == petition_id, *since).limit(1)) is not None:
        return True
    lately = (Submission.petition_id == petition_id, Submission.received_at > clock.now() - RUSH)
    first = select(Submission.id).where(*lately).limit(RUSH_BEGINS).subquery()
    return (connection.scalar(select(func.count()).select_from(first)) or 0) >= RUSH_BEGINS


_attacked: Remembered[int, bool] = Remembered(_read)
