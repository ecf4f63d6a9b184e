"""Dated rates: entered, looked up, and the one sum that follows where every currency has one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select

from core import audit
from core.db import db
from core.money import Money, from_major
from organisers.rates.models import PARTS, CurrencyRate

FIRST_AGAINST = "EUR"


@dataclass(frozen=True)
class About:
    """Several currencies as one sum, to the whole unit, and the days of the oldest and the newest rate in it."""

    sum: Money
    oldest: date
    newest: date


def enter(*, currency: str, against: str, rate: Decimal, rated_on: date, source: str, actor: str) -> CurrencyRate:
    """Adds a rate, noted in the audit chain; the day's last one holds."""
    entered = CurrencyRate(
        currency=currency, against=against, billionths=int(rate.scaleb(PARTS)), rated_on=rated_on, source=source,
        entered_by=actor,
    )  # fmt: skip
    db.session.add(entered)
    db.session.flush()
    audit.record(
        "currency_rate.entered", currency, actor=actor, against=against, rate=str(rate), rated_on=rated_on.isoformat()
    )
    return entered


def against() -> str:
    """The currency in which sums are told: the one that a rate was last entered against."""
    newest = select(CurrencyRate.against).order_by(CurrencyRate.id.desc()).limit(1)
    return db.session.scalar(newest) or FIRST_AGAINST


def standing(reporting: str) -> dict[str, CurrencyRate]:
    """The rates that hold against a currency, by currency: of the latest day, and of that day the last entered."""
    rows = (
        select(CurrencyRate).where(CurrencyRate.against == reporting).order_by(CurrencyRate.rated_on, CurrencyRate.id)
    )
    return {rate.currency: rate for rate in db.session.scalars(rows)}


def about(sums: Sequence[Money]) -> About | None:
    """The sums as one; None where there is nothing to convert, or a currency has no rate."""
    reporting = against()
    others = [money for money in sums if money.currency != reporting]
    rates = standing(reporting)
    if not others or any(money.currency not in rates for money in others):
        return None
    total = sum((money.major for money in sums if money.currency == reporting), Decimal())
    total += sum((money.major / rates[money.currency].rate for money in others), Decimal())
    days = [rates[money.currency].rated_on for money in others]
    return About(from_major(total.quantize(Decimal(1), ROUND_HALF_UP), reporting), min(days), max(days))
