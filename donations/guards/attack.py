"""Whether giving is under attack: cards are declined in a wave, or payment pages are asked for in a rush."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import Connection, func, select

from core import clock
from core.remembered import Remembered
from core.switches import switches
from donations.guards.models import DeclineWave
from donations.models import Donation

ATTACK_LASTS = timedelta(hours=1)  # after a wave's last declined card, unless an organiser has settled it
RUSH = timedelta(minutes=5)
RUSH_BEGINS = 100  # payment pages within it


def proof_wanted() -> bool:
    """Whether giving asks for a proof of work now: as the switch says, or under attack; never with LIMITS=off."""
    if not current_app.config["UNDERSIGNED"].limits:
        return False
    switch = switches().giving_proof
    return switch == "on" or (switch == "auto" and _attacked.get(None))


def _read(connection: Connection, nothing: None) -> bool:
    live = (DeclineWave.last_at > clock.now() - ATTACK_LASTS, DeclineWave.settled_at.is_(None))
    if connection.scalar(select(DeclineWave.id).where(*live).limit(1)) is not None:
        return True
    first = select(Donation.id).where(Donation.created_at > clock.now() - RUSH).limit(RUSH_BEGINS).subquery()
    return (connection.scalar(select(func.count()).select_from(first)) or 0) >= RUSH_BEGINS


_attacked: Remembered[None, bool] = Remembered(_read)
