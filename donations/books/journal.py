"""The books in double-entry form: every movement is an entry whose postings add up to nothing, in each currency.

Accounts: `Assets:Stripe` what Stripe holds for us, `Assets:Bank` what it paid out, `Income:Gifts:FUND` gifts less what went
back of them, `Expenses:Fees` what Stripe keeps, `Equity:Other` the rest. Income has the sign of the books: below zero."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.tables import Row
from donations.books.comparing import GROUPS
from donations.books.lines import Line, decimal, described

HEADER = ("date", "entry", "account", "amount", "currency", "text")
STRIPE, BANK, FEES, OTHER = "Assets:Stripe", "Assets:Bank", "Expenses:Fees", "Equity:Other"


@dataclass(frozen=True)
class Posting:
    """An amount on an account, in Stripe's minor units of its currency."""

    account: str
    minor: int
    currency: str


@dataclass(frozen=True)
class Entry:
    """One fact; its postings add up to nothing."""

    id: str
    day: date
    text: str
    postings: tuple[Posting, ...]


def entries(lines: Iterable[Line]) -> list[Entry]:
    """The entries of the lines, in their order."""
    return [_entry(line) for line in lines]


def balances(found: Iterable[Entry]) -> dict[tuple[str, str], int]:
    """What stands on each account in each currency."""
    standing: defaultdict[tuple[str, str], int] = defaultdict(int)
    for entry in found:
        for posting in entry.postings:
            standing[posting.account, posting.currency] += posting.minor
    return dict(standing)


def rows(found: Sequence[Entry]) -> Iterator[Row]:
    """A row for each posting."""
    for entry in found:
        for one in entry.postings:
            yield (
                entry.day.isoformat(),
                entry.id,
                one.account,
                decimal(one.minor, one.currency),
                one.currency,
                entry.text,
            )


def plain_text(found: Sequence[Entry]) -> Iterator[str]:
    """The same as a plain-text ledger. Source: the beancount language, transactions and postings."""
    accounts = sorted({posting.account for entry in found for posting in entry.postings})
    first = min((entry.day for entry in found), default=date(1970, 1, 1))
    yield from (f"{first.isoformat()} open {account}\n" for account in accounts)
    for entry in found:
        yield f'\n{entry.day.isoformat()} * "{entry.text}" ^{entry.id}\n'
        yield from (f"  {one.account}  {decimal(one.minor, one.currency)} {one.currency}\n" for one in entry.postings)


def _entry(line: Line) -> Entry:
    one = line.movement
    group = GROUPS.get(one.kind, "other")
    if group == "payouts":
        against = BANK
    elif group == "other":
        against = OTHER
    else:
        against = f"Income:Gifts:{account_name(line.fund)}"
    postings = [Posting(STRIPE, one.net, one.currency), Posting(against, -one.amount, one.currency)]
    if one.fee:
        postings.insert(1, Posting(FEES, one.fee, one.currency))
    return Entry(one.id, one.created_at.date(), described(line), tuple(postings))


def account_name(fund: str) -> str:
    """A fund's slug as an account's last part, which begins with a capital: 'almaty-activists' is 'Almaty-activists'."""
    return (fund or "unknown")[:1].upper() + (fund or "unknown")[1:]


def total(found: Entry) -> dict[str, Decimal]:
    """What an entry's postings add up to, by currency: nothing, or it is wrong."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in found.postings:
        sums[one.currency] += Decimal(one.minor)
    return dict(sums)
