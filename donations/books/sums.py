"""What the movements of the balance add up to, for each currency and for each payout. Pure: rows in, sums out."""

from collections.abc import Iterable
from dataclasses import dataclass

from donations.books import categories
from donations.books.models import BalanceTransaction, Payout


@dataclass
class Sums:
    """Of one settlement currency, in Stripe's minor units; what went out is positive here, payouts are left aside.

    `other`: what these books have no word for, signed."""

    gross: int = 0
    fees: int = 0
    refunds: int = 0
    disputes: int = 0
    other: int = 0
    net: int = 0

    @property
    def expected(self) -> int:
        """What must be the net."""
        return self.gross - self.fees - self.refunds - self.disputes + self.other

    def add(self, line: BalanceTransaction) -> None:
        self.fees += line.fee
        if line.category in categories.PAYOUTS:
            self.net -= line.fee
            return
        self.net += line.net
        self.gross += line.amount if line.category in categories.GROSS else 0
        self.fees -= line.amount if line.category in categories.FEES else 0
        self.refunds -= line.amount if line.category in categories.REFUNDS else 0
        self.disputes -= line.amount if line.category in categories.DISPUTES else 0
        self.other += line.amount if line.category not in categories.KNOWN else 0


def by_currency(lines: Iterable[BalanceTransaction]) -> dict[str, Sums]:
    """The sums of each settlement currency."""
    found: dict[str, Sums] = {}
    for line in lines:
        found.setdefault(line.currency, Sums()).add(line)
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class PayoutCheck:
    """A payout beside the sum of what it holds. `right` is None where Stripe does not say what that is, or not yet."""

    payout: Payout
    held: int
    right: bool | None


def check_payout(payout: Payout, lines: Iterable[BalanceTransaction]) -> PayoutCheck:
    """`lines`: every movement of this payout. Its own movement takes out what the others brought."""
    held = sum(line.net for line in lines if not (line.category in categories.PAYOUTS and line.source == payout.id))
    if not payout.automatic or not payout.complete:
        return PayoutCheck(payout, held, None)
    return PayoutCheck(payout, held, held == payout.amount)
