"""The journal in double entry: each movement of Stripe's balance becomes one entry whose postings add up to nothing.

Booked in the settlement currency, in Stripe's minor units; what the donor gave in another currency stands in the narration."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from core.tables import Row
from donations.books import accounts, categories
from donations.books.amounts import major, text
from donations.books.models import BalanceTransaction

HEADER = ("date", "entry", "account", "amount", "currency", "narration")
FundOf = Callable[[BalanceTransaction], str]


@dataclass(frozen=True)
class Posting:
    """So much onto an account, or off it: minor units as Stripe counts them."""

    account: str
    amount: int


@dataclass(frozen=True)
class Entry:
    """One fact. `id` is Stripe's, or the gift's own where it came another way."""

    day: date
    id: str
    narration: str
    currency: str
    postings: tuple[Posting, ...]

    @property
    def balance(self) -> int:
        """Nothing, or the entry is wrong."""
        return sum(posting.amount for posting in self.postings)


AGAINST = {
    **dict.fromkeys(categories.GROSS, accounts.GIFTS), **dict.fromkeys(categories.REFUNDS, accounts.REFUNDS),
    **dict.fromkeys(categories.DISPUTES, accounts.DISPUTES),
}  # fmt: skip
PLAIN = {**dict.fromkeys(categories.FEES, accounts.FEES), **dict.fromkeys(categories.PAYOUTS, accounts.BANK)}


def entry_of(line: BalanceTransaction, fund: str) -> Entry:
    """The entry of one movement; `fund`: the last part of its accounts."""
    of_fund = AGAINST.get(line.category)
    against = f"{of_fund}:{fund}" if of_fund else PLAIN.get(line.category, accounts.OTHER)
    fee_account = accounts.DISPUTE_FEES if line.category in categories.DISPUTES else accounts.FEES
    postings = [Posting(accounts.STRIPE, line.net), Posting(fee_account, line.fee), Posting(against, -line.amount)]
    moved = tuple(posting for posting in postings if posting.amount)
    return Entry(line.created_at.date(), line.id, _narration(line), line.currency, moved)


def entries(lines: Iterable[BalanceTransaction], fund_of: FundOf) -> Iterator[Entry]:
    """The journal of these movements, in their order; what moved nothing has no entry."""
    made = (entry_of(line, fund_of(line)) for line in lines)
    return (entry for entry in made if entry.postings)


def balances(journal: Iterable[Entry]) -> dict[tuple[str, str], int]:
    """What each account holds in each currency after all entries."""
    held: dict[tuple[str, str], int] = {}
    for entry in journal:
        for posting in entry.postings:
            key = posting.account, entry.currency
            held[key] = held.get(key, 0) + posting.amount
    return held


def rows(journal: Iterable[Entry]) -> Iterator[Row]:
    """One row for each posting, for a table."""
    for entry in journal:
        for posting in entry.postings:
            amount = major(posting.amount, entry.currency)
            yield entry.day.isoformat(), entry.id, posting.account, amount, entry.currency, entry.narration


def ledger(journal: Iterable[Entry]) -> Iterator[bytes]:
    """A plain-text ledger as Beancount reads it: every account is opened on the day that first needs it."""
    opened: set[str] = set()
    for entry in journal:
        for posting in entry.postings:
            if posting.account not in opened:
                opened.add(posting.account)
                yield f"{entry.day} open {posting.account}\n".encode()
        lines = [f'{entry.day} * "{entry.narration}"', f'  id: "{entry.id}"']
        lines += [f"  {posting.account}  {text(posting.amount, entry.currency)}" for posting in entry.postings]
        yield ("\n".join(lines) + "\n\n").encode()


def _narration(line: BalanceTransaction) -> str:
    """Stripe's words and ids; nothing of a person."""
    exchanged = line.source_currency not in ("", line.currency)
    given = f", {text(line.source_amount, line.source_currency)}" if exchanged else ""
    return f"{line.category} {line.source}{given}".replace('"', "'").strip()
