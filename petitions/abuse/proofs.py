"""When signing asks for a proof of work: while a petition is under attack. It is never needed.

Who brings none, or one that is wrong or was used before, is taken all the same, and gets the mail later."""

from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Connection, func, select

from core import clock, proofs
from core.remembered import Remembered
from core.switches import switches
from petitions.abuse.models import Signal
from petitions.models import Submission

ATTACK_LASTS = timedelta(hours=6)  # after a signal that nobody has settled
RUSH = timedelta(minutes=5)
RUSH_BEGINS = 300  # signings within it


def wanted(petition_id: int) -> bool:
    """Whether signing this petition asks for a proof now: as the switch says, or under attack; never with LIMITS=off."""
    if not current_app.config["UNDERSIGNED"].limits:
        return False
    switch = switches().proof
    return switch == "on" or (switch == "auto" and _attacked.get(petition_id))


def challenge(petition_id: int) -> dict[str, Any]:
    """A new challenge for this petition."""
    return proofs.challenge(_subject(petition_id))


def accepted(petition_id: int, payload: str) -> bool:
    """Whether this solves one of our challenges for the petition and was not used before; from now on it was. Commits that."""
    return proofs.accepted(_subject(petition_id), payload)


def _subject(petition_id: int) -> str:
    return f"petition-{petition_id}"


def _read(connection: Connection, petition_id: int) -> bool:
    since = (Signal.created_at > clock.now() - ATTACK_LASTS, Signal.settled_at.is_(None))
    if connection.scalar(select(Signal.id).where(Signal.petition_id == petition_id, *since).limit(1)) is not None:
        return True
    lately = (
        Submission.petition_id == petition_id,
        Submission.received_at > clock.now() - RUSH,
        Submission.import_id.is_(None),
    )
    first = select(Submission.id).where(*lately).limit(RUSH_BEGINS).subquery()
    return (connection.scalar(select(func.count()).select_from(first)) or 0) >= RUSH_BEGINS


_attacked: Remembered[int, bool] = Remembered(_read)
