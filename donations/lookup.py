"""Which donation an event speaks of: found and locked, for many events with one query."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from core.db import db
from donations.models import Donation

LOCKED = "donations"


class UnmatchedPayment(LookupError):
    """No donation of ours stands behind this money."""


@dataclass(frozen=True)
class Reference:
    """What an event calls a donation: its session or its subscription, and our own id inside."""

    field: str
    stripe_id: str
    public_id: str


@contextmanager
def locked(references: Iterable[Reference]) -> Iterator[None]:
    """Inside the block the donations of these references are at hand, read and locked with one query."""
    by_field: dict[str, set[str]] = {"session_id": set(), "subscription_id": set(), "public_id": set()}
    for reference in references:
        by_field[reference.field].add(reference.stripe_id)
        by_field["public_id"].add(reference.public_id)
    any_of = [getattr(Donation, field).in_(values - {""}) for field, values in by_field.items() if values - {""}]
    db.session().info[LOCKED] = _lock(or_(*any_of)) if any_of else []
    try:
        yield
    finally:
        del db.session().info[LOCKED]


def donation_of(reference: Reference) -> Donation:
    """The donation, locked; our own id counts only where no session or subscription was stored. Raises UnmatchedPayment."""
    field = getattr(Donation, reference.field)
    nameless = (Donation.public_id == reference.public_id) & field.is_(None)
    at_hand: list[Donation] = db.session().info.get(LOCKED, [])
    for donation in at_hand:
        if getattr(donation, reference.field) == reference.stripe_id:
            return donation
    for donation in at_hand:
        if donation.public_id == reference.public_id and getattr(donation, reference.field) is None:
            return donation
    for found in (field == reference.stripe_id, nameless):
        if donations := _lock(found):
            return donations[0]
    raise UnmatchedPayment


def _lock(condition: Any) -> list[Donation]:
    """Donations with their cases, in one order everywhere, so that two processes never wait for each other."""
    query = select(Donation).where(condition).order_by(Donation.id).options(joinedload(Donation.case))
    rows = query.with_for_update(of=Donation).execution_options(populate_existing=True)
    return list(db.session.scalars(rows))
