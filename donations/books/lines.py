"""The accountant's lines: every movement with the gift behind it, for a payout or for a month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from core.currencies import CURRENCIES
from core.db import db
from core.tables import Row
from donations.books import comparing
from donations.books.models import BalanceTransaction
from donations.checkout_services import open_donor
from donations.models import Donation

ANONYMOUS = "anonymous"
HEADER = ("date", "what", "gross", "fee", "net", "currency", "for", "donor", "gift", "stripe", "payout")


@dataclass(frozen=True)
class Line:
    """One movement in its settlement currency; `fund` and `donation` None where no gift of ours stands behind it."""

    movement: BalanceTransaction
    donation: Donation | None

    @property
    def fund(self) -> str:
        """A case's fund by its slug, which never changes; the general one; or what else moved the balance."""
        if self.donation is None:
            return ""
        return self.donation.case.slug if self.donation.case else "general"


def of_payout(payout_id: str) -> list[Line]:
    """The lines that a payout is made of, oldest first."""
    return _lines(BalanceTransaction.payout_id == payout_id)


def of_month(first: date) -> list[Line]:
    """The lines of a UTC month, named by its first day, oldest first."""
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    start, end = (datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00") for day in (first, after))
    return _lines((BalanceTransaction.created_at >= start) & (BalanceTransaction.created_at < end))


def rows(lines: Sequence[Line], *, names: bool) -> Iterator[Row]:
    """The lines as cells; with `names` the donors who may be named to an accountant, else every donor is anonymous."""
    for line in lines:
        one = line.movement
        yield (
            one.created_at.date().isoformat(), one.kind, decimal(one.amount, one.currency), decimal(one.fee, one.currency),
            decimal(one.net, one.currency), one.currency, line.fund, _donor(line, names=names),
            line.donation.public_id if line.donation else "", one.payment_intent or one.source, one.payout_id or "",
        )  # fmt: skip


def decimal(minor: int, currency: str) -> Decimal:
    """Stripe's minor units as an exact decimal number: 2500 EUR is 25.00, 500 JPY 500, 30050 ISK (sent times 100) 300.50."""
    table = CURRENCIES.get(currency)  # what we settle in may be a currency that nobody can give in
    places = table.exponent + len(str(table.stripe_factor)) - 1 if table else 2
    return Decimal(minor).scaleb(-places)


def described(line: Line) -> str:
    """What a line is about, in a few words and without a name."""
    number = line.donation.public_id if line.donation else line.movement.source
    return _("%(what)s, gift %(number)s", what=line.movement.kind.replace("_", " "), number=number)


def _lines(condition: object) -> list[Line]:
    query = select(BalanceTransaction).where(condition)  # type: ignore[arg-type]
    movements = sorted(db.session.scalars(query), key=_in_order)
    intents = sorted({one.payment_intent for one in movements if one.payment_intent})
    payments = comparing.payments_by_intent(intents)
    return [
        Line(one, payments[one.payment_intent].donation if one.payment_intent in payments else None)
        for one in movements
    ]


def _in_order(one: BalanceTransaction) -> tuple[datetime, int, str]:
    """By time; in the same second money comes before it goes."""
    kinds = list(comparing.GROUPS)
    return one.created_at, kinds.index(one.kind) if one.kind in kinds else len(kinds), one.id


def _donor(line: Line, *, names: bool) -> str:
    if line.donation is None:
        return ""
    if not names or line.donation.blob is None:
        return ANONYMOUS
    return open_donor(line.donation)["name"]
