"""The journal over random histories: every entry adds up to nothing, and every account to what happened. No database."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from donations.books import accounts, journal
from donations.books.amounts import major
from donations.books.models import BalanceTransaction, Payout
from donations.books.sums import by_currency, check_payout

CURRENCIES = ("EUR", "USD", "JPY", "KWD", "ISK")
FUNDS = ("General", "Case-one", "Case-two")
MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Book:
    """A Stripe account that books as Stripe does, and beside it what was given, for each fund and currency."""

    lines: list[BalanceTransaction] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    fees: Counter[str] = field(default_factory=Counter)

    def move(self, category: str, source: str, fund: str, currency: str, amount: int, fee: int = 0) -> None:
        number = len(self.lines)
        line = BalanceTransaction(
            id=f"txn_{number}", type=category, category=category, source=source, payment_intent=fund,
            source_currency=currency, source_amount=abs(amount), payout="", amount=amount, fee=fee, net=amount - fee,
            currency=currency, available=True, available_on=MOMENT, created_at=MOMENT,
        )  # fmt: skip
        self.lines.append(line)
        self.fees[currency] += fee
        if category not in ("payout", "payout_reversal", "fee"):
            self.left[fund, currency] += amount

    def pay_out(self, currency: str) -> None:
        waiting = [line for line in self.lines if not line.payout and line.currency == currency]
        amount = sum(line.net for line in waiting)
        if amount <= 0:
            return
        payout = Payout(
            id=f"po_{len(self.payouts)}", amount=amount, currency=currency, status="paid", automatic=True, complete=True
        )
        self.move("payout", payout.id, "", currency, -amount)
        for line in (*waiting, self.lines[-1]):
            line.payout = payout.id
        self.payouts.append(payout)


ACTS = ("refund", "failed refund", "dispute lost", "dispute won", "second refund")
gift = st.tuples(
    st.sampled_from(FUNDS), st.sampled_from(CURRENCIES), st.integers(1, 10**9), st.integers(0, 10**6),
    st.lists(st.sampled_from(ACTS), max_size=4), st.integers(1, 100), st.booleans(),
)  # fmt: skip


def play(book: Book, number: int, one: tuple[str, str, int, int, list[str], int, bool]) -> None:
    fund, currency, amount, fee, acts, percent, paid_out = one
    book.move("charge", f"ch_{number}", fund, currency, amount, fee)
    part = max(1, amount * percent // 300)
    for place, act in enumerate(acts):
        source = f"{number}_{place}"
        if "refund" in act:
            book.move("refund", f"re_{source}", fund, currency, -part)
        if act == "failed refund":
            book.move("refund_failure", f"re_{source}", fund, currency, part)
        if "dispute" in act:
            book.move("dispute", f"du_{source}", fund, currency, -amount, 1500)
        if act == "dispute won":
            book.move("dispute_reversal", f"du_{source}", fund, currency, amount, -1500)
    if paid_out:
        book.pay_out(currency)


@settings(max_examples=200, deadline=None)
@given(st.lists(gift, max_size=12))
def test_every_history_balances(gifts: list[tuple[str, str, int, int, list[str], int, bool]]) -> None:
    book = Book()
    for number, one in enumerate(gifts):
        play(book, number, one)
    entries = list(journal.entries(book.lines, lambda line: line.payment_intent))
    assert all(entry.balance == 0 for entry in entries)
    held = journal.balances(entries)
    assert Counter(dict.fromkeys(CURRENCIES, 0)) == Counter(
        {currency: sum(amount for (_, code), amount in held.items() if code == currency) for currency in CURRENCIES}
    )
    for (fund, currency), left in book.left.items():
        kinds = (accounts.GIFTS, accounts.REFUNDS, accounts.DISPUTES)
        assert -sum(held.get((f"{kind}:{fund}", currency), 0) for kind in kinds) == left
    for currency in CURRENCIES:
        fees = held.get((accounts.FEES, currency), 0) + held.get((accounts.DISPUTE_FEES, currency), 0)
        assert fees == book.fees[currency]
        paid_out = sum(payout.amount for payout in book.payouts if payout.currency == currency)
        assert held.get((accounts.BANK, currency), 0) == paid_out
        waiting = sum(line.net for line in book.lines if line.currency == currency and not line.payout)
        assert held.get((accounts.STRIPE, currency), 0) == waiting
    assert all(sums.expected == sums.net for sums in by_currency(book.lines).values())
    for payout in book.payouts:
        assert check_payout(payout, [line for line in book.lines if line.payout == payout.id]).right


def test_amounts_are_exact_in_every_kind_of_currency() -> None:
    shown = [
        str(major(amount, code))
        for amount, code in ((2500, "EUR"), (500, "JPY"), (500, "ISK"), (5120, "KWD"), (-1, "USD"))
    ]
    assert shown == ["25.00", "500", "5", "5.120", "-0.01"]
    assert str(major(4550, "ISK")) == "45.50", "a fee may be smaller than a coin"
    assert str(major(1234, "BGN")) == "12.34", "settled in a currency that we do not take"


def test_the_ledger_opens_an_account_before_its_first_posting() -> None:
    book = Book()
    book.move("charge", "ch_1", "General", "EUR", 2500, 98)
    book.pay_out("EUR")
    written = b"".join(journal.ledger(journal.entries(book.lines, lambda line: line.payment_intent))).decode()
    assert written == (
        "2026-11-24 open Assets:Stripe\n2026-11-24 open Expenses:Payment-fees\n2026-11-24 open Income:Gifts:General\n"
        '2026-11-24 * "charge ch_1"\n  id: "txn_0"\n  Assets:Stripe  24.02 EUR\n  Expenses:Payment-fees  0.98 EUR\n'
        "  Income:Gifts:General  -25.00 EUR\n\n"
        '2026-11-24 open Assets:Bank\n2026-11-24 * "payout po_0"\n  id: "txn_1"\n  Assets:Stripe  -24.02 EUR\n'
        "  Assets:Bank  24.02 EUR\n\n"
    )
