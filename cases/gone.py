"""Addresses that named somebody and are no more. Only a keyed hash of each is kept, so that none can be read from here."""

from sqlalchemy import select

from cases.models import GoneAddress
from core import clock
from core.db import db, insert
from core.tokens import keyed_hash


def give_up(kind: str, slug: str) -> None:
    """Notes that `/<kind>/<slug>` is gone for good."""
    row = {"digest": _digest(kind, slug), "gone_at": clock.now()}
    db.session.execute(insert(GoneAddress).values(row).on_conflict_do_nothing(index_elements=["digest"]))


def is_gone(kind: str, slug: str) -> bool:
    return db.session.scalar(select(GoneAddress.digest).where(GoneAddress.digest == _digest(kind, slug))) is not None


def _digest(kind: str, slug: str) -> bytes:
    return keyed_hash("gone-address", f"{kind}/{slug}")
