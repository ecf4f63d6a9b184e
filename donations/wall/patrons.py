"""Patrons: who gives every month, how many they are, and the levels that organisers define."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from core import audit, clock
from core.db import RowNotFound, db
from core.goals import next_goal
from core.money import Money
from donations.models import Donation, Frequency, Payment, PaymentStatus
from donations.subscriptions.models import Subscription, SubscriptionStatus
from donations.wall.models import PatronLevel, PatronMinimum


class LevelNotFound(RowNotFound):
    """No level of patrons has this number."""


@dataclass(frozen=True)
class Patrons:
    """How many give every month, and the next round number."""

    count: int
    goal: int


@dataclass(frozen=True)
class Offer:
    """A level as the donate page offers it."""

    title: str
    thanks: str
    money: Money


def patrons(case_id: int | None) -> Patrons:
    """The patrons of a case's fund (None: of the general one)."""
    mine = Donation.case_id.is_not_distinct_from(case_id)
    count = db.session.scalar(select(func.count(Donation.id)).join(*_subscribed()).where(mine, *_giving())) or 0
    return Patrons(count, next_goal(count))


def offers(currency: str) -> list[Offer]:
    """The levels that are offered in a currency, in the organisers' order."""
    query = select(PatronLevel, PatronMinimum).join(PatronLevel.minimums).where(PatronMinimum.currency == currency)
    rows = db.session.execute(query.where(PatronLevel.retired_at.is_(None)).order_by(*ORDER))
    return [Offer(level.title, level.thanks, minimum.money) for level, minimum in rows]


def badges(donations: Iterable[Donation]) -> dict[int, str]:
    """The level's title by donation, of those patrons who wish it to be shown."""
    ids = [donation.id for donation in donations if donation.show_badge]
    if not ids:
        return {}
    amount = select(Donation, Subscription.amount).join(*_subscribed()).where(Donation.id.in_(ids), *_giving())
    levels = list(db.session.scalars(select(PatronLevel)))
    found = {donation.id: _level(donation, amount, levels) for donation, amount in db.session.execute(amount)}
    return {donation_id: level.title for donation_id, level in found.items() if level}


def list_levels() -> list[PatronLevel]:
    """Every level, those that are offered first."""
    return list(db.session.scalars(select(PatronLevel).order_by(PatronLevel.retired_at.is_not(None), *ORDER)))


def get_level(level_id: int) -> PatronLevel:
    """Raises LevelNotFound."""
    level = db.session.get(PatronLevel, level_id)
    if level is None:
        raise LevelNotFound(str(level_id))
    return level


def define(
    level: PatronLevel, *, title: str, thanks: str, position: int, minimums: Sequence[Money], actor: str
) -> None:
    """Makes a level or changes it, noted in the audit chain."""
    level.title, level.thanks, level.position = title, thanks, position
    known = {minimum.currency: minimum for minimum in level.minimums}
    level.minimums = [_minimum(known.get(money.currency), money) for money in minimums]
    db.session.add(level)
    db.session.flush()
    told = {money.currency: money.minor for money in minimums}
    audit.record("patron_level.defined", str(level.id), actor=actor, title=title, minimums=told)


def retire(level: PatronLevel, *, actor: str) -> None:
    """Offers a level no more; who reached it before keeps it. Retiring twice changes nothing."""
    if level.retired_at is None:
        level.retired_at = clock.now()
        db.session.flush()
        audit.record("patron_level.retired", str(level.id), actor=actor)


ORDER = (PatronLevel.position, PatronLevel.id)


def _subscribed() -> tuple[Any, Any]:
    return Subscription, Subscription.id == Donation.subscription_id


def _giving() -> tuple[Any, ...]:
    """A monthly gift that goes on, and whose newest payment is paid."""
    mine = select(Payment.status).where(Payment.donation_id == Donation.id).order_by(Payment.id.desc()).limit(1)
    paid = mine.correlate(Donation).scalar_subquery() == PaymentStatus.PAID
    return Donation.frequency == Frequency.MONTHLY, Subscription.status != SubscriptionStatus.CANCELED, paid


def _level(donation: Donation, amount: int, levels: Sequence[PatronLevel]) -> PatronLevel | None:
    """The highest level that so much a month reaches; a retired one only for gifts from before."""
    reached = [
        (minimum.amount, level)
        for level in levels
        for minimum in level.minimums
        if minimum.currency == donation.currency and minimum.amount <= amount and _open_to(level, donation)
    ]
    return max(reached, key=lambda pair: pair[0])[1] if reached else None


def _open_to(level: PatronLevel, donation: Donation) -> bool:
    return level.retired_at is None or donation.created_at < level.retired_at


def _minimum(known: PatronMinimum | None, money: Money) -> PatronMinimum:
    minimum = known or PatronMinimum(currency=money.currency)
    minimum.amount = money.minor
    return minimum
