"""The movements of Stripe's balance beside our rows. Pure: whatever differs becomes a sentence.

Amounts are compared in the currency of the gift, by the charge, refund or dispute behind a movement: what Stripe exchanged is
not compared, only added up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from flask_babel import gettext as _

from core.money import Money
from donations.books import categories
from donations.books.amounts import text
from donations.books.models import BalanceTransaction
from donations.models import PaymentStatus
from donations.reversals.models import DisputeStatus, RefundStatus
from donations.reversals.services import GOING, TAKEN

Lines = list[BalanceTransaction]


@dataclass(frozen=True, order=True)
class Difference:
    """`kind` for programs, `subject` Stripe's id or ours, and the sentence for people."""

    kind: str
    subject: str
    sentence: str


@dataclass(frozen=True)
class Ours:
    """What a row of ours says."""

    money: Money
    status: PaymentStatus | RefundStatus | DisputeStatus


@dataclass
class Ledger:
    """Our rows by Stripe's ids, as far as the movements name them; `intents`: which payment a PaymentIntent made."""

    payments: dict[str, Ours] = field(default_factory=dict)
    intents: dict[str, str] = field(default_factory=dict)
    refunds: dict[str, Ours] = field(default_factory=dict)
    disputes: dict[str, Ours] = field(default_factory=dict)


def compare(lines: Iterable[BalanceTransaction], ledger: Ledger) -> list[Difference]:
    """Every difference, in order. `lines`: all movements of each source that is looked at."""
    everything = list(lines)
    found = [difference for line in everything for difference in _line(line)]
    payments: dict[str, Lines] = {}
    for line in everything:
        if line.category in categories.GROSS:
            payments.setdefault(ledger.intents.get(line.payment_intent, line.payment_intent), []).append(line)
    for payment, of_it in payments.items():
        found += _payment(payment, of_it, ledger)
    for source, of_it in _by_source(everything, categories.REFUNDS).items():
        found += _refund(source, of_it, ledger)
    for source, of_it in _by_source(everything, categories.DISPUTES).items():
        found += _dispute(source, of_it, ledger)
    return sorted(found)


def _by_source(lines: Lines, wanted: frozenset[str]) -> dict[str, Lines]:
    sources: dict[str, Lines] = {}
    for line in lines:
        if line.category in wanted:
            sources.setdefault(line.source, []).append(line)
    return sources


def _line(line: BalanceTransaction) -> Iterator[Difference]:
    if line.amount - line.fee != line.net:
        sentence = _(
            "The movement %(id)s does not add up: %(amount)s less a fee of %(fee)s is not %(net)s.",
            id=line.id, amount=text(line.amount, line.currency), fee=text(line.fee, line.currency),
            net=text(line.net, line.currency),
        )  # fmt: skip
        yield Difference("sum", line.id, sentence)
    if line.category not in categories.KNOWN:
        sentence = _(
            "Stripe booked %(amount)s (%(id)s, %(category)s), which is neither a gift nor a refund, dispute, fee or payout.",
            amount=text(line.amount, line.currency), id=line.id, category=line.category,
        )  # fmt: skip
        yield Difference("other", line.id, sentence)


def _payment(payment: str, lines: Lines, ledger: Ledger) -> Iterator[Difference]:
    taken = [line for line in lines if line.category == "charge"]
    failed = {line.source for line in lines if line.category == "charge_failure"}
    stands = [line for line in taken if line.source not in failed]
    ours = ledger.payments.get(payment)
    if ours is None:
        for line in stands:
            sentence = _(
                "Stripe took a payment of %(amount)s (%(id)s) that no gift here knows.",
                amount=_stated(line),
                id=payment,
            )
            yield Difference("unknown-payment", payment, sentence)
    elif stands:
        yield from _paid(payment, stands, ours)
    elif taken and ours.status == PaymentStatus.PAID:
        sentence = _(
            "The gift of %(id)s says paid, and Stripe has taken its %(amount)s back: the payment failed.",
            id=payment, amount=_money(ours.money),
        )  # fmt: skip
        yield Difference("payment-failed", payment, sentence)


def _paid(payment: str, stands: Lines, ours: Ours) -> Iterator[Difference]:
    took = sum(line.source_amount for line in stands), stands[0].source_currency
    if took != _pair(ours.money):
        sentence = _(
            "The gift of %(id)s says %(ours)s, and Stripe took %(theirs)s.",
            id=payment, ours=_money(ours.money), theirs=text(*took),
        )  # fmt: skip
        yield Difference("payment-amount", payment, sentence)
    elif ours.status != PaymentStatus.PAID and stands[0].available:  # a bank debit under way is listed, not available
        sentence = _(
            "Stripe holds the %(amount)s of %(id)s, and the gift here does not say paid.",
            amount=text(*took),
            id=payment,
        )
        yield Difference("payment-status", payment, sentence)


def _refund(refund: str, lines: Lines, ledger: Ledger) -> Iterator[Difference]:
    ours = ledger.refunds.get(refund)
    back = len([line for line in lines if line.category == "refund_failure"])
    stands = len(lines) - back > back
    if ours is None:
        if stands:
            sentence = _(
                "Stripe sent back %(amount)s (%(id)s) that no refund here knows.", amount=_stated(lines[0]), id=refund
            )
            yield Difference("unknown-refund", refund, sentence)
    elif (lines[0].source_amount, lines[0].source_currency) != _pair(ours.money):
        sentence = _(
            "The refund %(id)s says %(ours)s, and Stripe sent back %(theirs)s.",
            id=refund, ours=_money(ours.money), theirs=_stated(lines[0]),
        )  # fmt: skip
        yield Difference("refund-amount", refund, sentence)
    elif stands != (ours.status in GOING):
        yield Difference("refund-status", refund, _refund_sentence(refund, stands, _money(ours.money)))


def _refund_sentence(refund: str, stands: bool, amount: str) -> str:
    if stands:
        return _(
            "The refund %(id)s of %(amount)s counts as failed here, and Stripe has not had it back.",
            id=refund,
            amount=amount,
        )
    return _(
        "The refund %(id)s of %(amount)s failed at Stripe, and is still subtracted here.", id=refund, amount=amount
    )


def _dispute(dispute: str, lines: Lines, ledger: Ledger) -> Iterator[Difference]:
    ours = ledger.disputes.get(dispute)
    back = len([line for line in lines if line.category == "dispute_reversal"])
    stands = len(lines) - back > back
    if ours is None:
        sentence = _(
            "A bank contests %(amount)s (%(id)s), and no dispute here knows of it.",
            amount=_stated(lines[0]),
            id=dispute,
        )
        yield Difference("unknown-dispute", dispute, sentence)
    elif (lines[0].source_amount, lines[0].source_currency) != _pair(ours.money):
        sentence = _(
            "The dispute %(id)s says %(ours)s, and Stripe says %(theirs)s.",
            id=dispute, ours=_money(ours.money), theirs=_stated(lines[0]),
        )  # fmt: skip
        yield Difference("dispute-amount", dispute, sentence)
    elif stands != (ours.status in TAKEN):
        yield Difference("dispute-status", dispute, _dispute_sentence(dispute, stands, _money(ours.money)))


def _dispute_sentence(dispute: str, stands: bool, amount: str) -> str:
    if stands:
        return _(
            "The dispute %(id)s takes no money here, and Stripe has taken %(amount)s for it.", id=dispute, amount=amount
        )
    return _(
        "The dispute %(id)s is subtracted here, and Stripe has given the %(amount)s back.", id=dispute, amount=amount
    )


def _pair(money: Money) -> tuple[int, str]:
    return money.stripe_minor, money.currency


def _money(money: Money) -> str:
    return text(*_pair(money))


def _stated(line: BalanceTransaction) -> str:
    return text(line.source_amount, line.source_currency or line.currency)
