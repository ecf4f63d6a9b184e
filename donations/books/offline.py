"""Gifts outside Stripe in the books of a month: each a line of the accountant's file and an entry of the journal."""

from collections.abc import Iterator

from flask_babel import gettext as _

from core.tables import Row
from donations.books import accounts
from donations.books.journal import Entry, Posting
from donations.books.scope import Scope
from donations.offline import services as offline
from donations.offline.models import Means, OfflineGift
from donations.seals import readable

HELD_ON = {Means.BANK: accounts.BANK, Means.CASH: accounts.CASH, Means.OTHER: accounts.ELSEWHERE}


def rows(scope: Scope, *, names: bool) -> Iterator[Row]:
    """Lines of the accountant's file: a gift, and its reversal where it was taken back; a payout holds none."""
    for entry in _entries(scope):
        gift, amount = entry.gift, entry.gift.money.major * (-1 if entry.reversal else 1)
        name = _name(gift) if names or gift.show_name else ""
        yield (
            entry.on.isoformat(), f"{gift.means} gift" + (" taken back" if entry.reversal else ""), gift.public_id,
            name or _("anonymous"), gift.case.title if gift.case else _("General fund"), amount, gift.currency,
            amount, 0, amount, gift.currency, "", gift.reference, "",
        )  # fmt: skip


def _name(gift: OfflineGift) -> str:
    person = readable(offline.open_giver, gift)
    return person["name"] if person else _("cannot be read")


def entries(scope: Scope) -> Iterator[Entry]:
    """Entries of the journal, in the minor units that it counts in."""
    for entry in _entries(scope):
        gift, sign = entry.gift, -1 if entry.reversal else 1
        minor = sign * gift.money.stripe_minor
        postings = (
            Posting(HELD_ON[gift.means], minor),
            Posting(f"{accounts.GIFTS}:{accounts.fund(gift.case)}", -minor),
        )
        said = f"{gift.means} gift" + (" taken back" if entry.reversal else "")
        yield Entry(entry.on, gift.public_id, said, gift.currency, postings)


def _entries(scope: Scope) -> Iterator[offline.Entry]:
    return offline.entries(scope.start.date(), scope.end.date()) if scope.start and scope.end else iter(())
