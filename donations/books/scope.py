"""Which movements a file for the accountant holds: those of a payout, or those of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from core.db import RowNotFound, db
from donations.books import keeping
from donations.books.models import BalanceTransaction, Payout


class PayoutNotFound(RowNotFound):
    """No payout of this id has been kept."""


@dataclass(frozen=True)
class Scope:
    """`name` stands in the file's name; a month begins and ends in UTC, and holds gifts that Stripe never saw."""

    name: str
    payout: Payout | None = None
    start: datetime | None = None
    end: datetime | None = None

    def lines(self) -> Sequence[BalanceTransaction]:
        """Its movements, oldest first."""
        if self.payout:
            return keeping.transactions_of(self.payout.id)
        at = BalanceTransaction.created_at
        query = select(BalanceTransaction).where(at >= self.start, at < self.end)
        return db.session.scalars(query.order_by(at, BalanceTransaction.id)).all()


def of_payout(payout_id: str) -> Scope:
    """A payout's movements, its own among them. Raises PayoutNotFound."""
    payout = db.session.get(Payout, payout_id)
    if payout is None:
        raise PayoutNotFound(payout_id)
    return Scope(payout.id, payout=payout)


def of_month(month: str) -> Scope:
    """A month's movements, `2026-11`. Raises ValueError."""
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    following = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)
    return Scope(f"{start:%Y-%m}", start=start, end=start.replace(year=following[0], month=following[1]))
