"""What a difference is called that no comparison of two rows gives."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.money import Money
from donations.books.amounts import text
from donations.books.comparison import Difference
from donations.books.sums import PayoutCheck, Sums

MISSING = {
    "payment": _l(
        "The gift of %(id)s says that %(amount)s was paid, and Stripe has no movement of its balance for it."
    ),
    "refund": _l("The refund %(id)s says that %(amount)s went back, and Stripe has no movement of its balance for it."),
    "dispute": _l(
        "The dispute %(id)s says that %(amount)s was taken, and Stripe has no movement of its balance for it."
    ),
}


def missing(kind: str, subject: str, money: Money) -> Difference:
    """Our row says that money moved, and Stripe's balance does not."""
    amount = text(money.stripe_minor, money.currency)
    return Difference(f"missing-{kind}", subject, str(MISSING[kind]) % {"id": subject, "amount": amount})


def wrong_payout(check: PayoutCheck) -> Difference:
    """A payout is not what it holds."""
    payout = check.payout
    sentence = _(
        "The payout %(id)s is %(amount)s, and the movements that it holds add up to %(held)s.",
        id=payout.id, amount=text(payout.amount, payout.currency), held=text(check.held, payout.currency),
    )  # fmt: skip
    return Difference("payout", payout.id, sentence)


def wrong_sum(currency: str, sums: Sums) -> Difference:
    """Gross less fees, refunds and disputes is not Stripe's net."""
    sentence = _(
        "In %(currency)s gross less fees, refunds and disputes is %(expected)s, and Stripe's net is %(net)s.",
        currency=currency, expected=text(sums.expected, currency), net=text(sums.net, currency),
    )  # fmt: skip
    return Difference("net", currency, sentence)


def failed_event(event: str, kind: str) -> Difference:
    """An event of Stripe's list that could not be applied."""
    sentence = _("The event %(id)s (%(kind)s) could not be applied; the log says why.", id=event, kind=kind)
    return Difference("event", event, sentence)
