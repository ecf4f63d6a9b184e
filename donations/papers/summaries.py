"""A donor's year: every paid payment of a calendar year (UTC) with what went back of it, summed for each currency."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from babel.numbers import get_currency_name
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from core import clock, mail
from core.db import db
from core.money import Money
from donations.models import Donation, Payment, PaymentStatus
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.papers import words
from donations.papers.letterhead import letterhead
from donations.papers.numbers import number_of
from donations.reversals import services as reversals


@dataclass(frozen=True)
class Line:
    """A payment, and what is left of it after refunds and disputes."""

    payment: Payment
    left: Money


@dataclass(frozen=True)
class Account:
    """A year's gifts in one currency, the oldest first."""

    currency: str
    lines: tuple[Line, ...]

    @property
    def given(self) -> Money:
        return Money(sum(line.payment.amount for line in self.lines), self.currency)

    @property
    def left(self) -> Money:
        return Money(sum(line.left.minor for line in self.lines), self.currency)

    @property
    def back(self) -> Money:
        return Money(self.given.minor - self.left.minor, self.currency)


def of_year(year: int) -> tuple[ColumnElement[bool], ...]:
    """Payments that were paid in a calendar year, in UTC, by donors whose data stand."""
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    paid = (Payment.status == PaymentStatus.PAID, Payment.paid_at >= start, Payment.paid_at < end)
    return (*paid, Payment.donation_id == Donation.id, Donation.blob.is_not(None))


def years_of(donor: Donor) -> list[int]:
    """The years of which a donor may have a summary, the last first."""
    paid = select(Payment.paid_at).join(Donation).where(Donation.donor_id == donor.id, Donation.blob.is_not(None))
    moments = db.session.scalars(paid.where(Payment.status == PaymentStatus.PAID))
    return sorted({moment.year for moment in moments if moment}, reverse=True)


def accounts(donor: Donor, year: int) -> list[Account]:
    """A donor's gifts of a year, one account for each currency; none where nothing was paid."""
    mine = select(Payment).where(Donation.donor_id == donor.id, *of_year(year))
    by_currency: dict[str, list[Line]] = {}
    for payment in db.session.scalars(mine.order_by(Payment.paid_at, Payment.id)):
        by_currency.setdefault(payment.currency, []).append(Line(payment, reversals.left(payment)))
    return [Account(currency, tuple(lines)) for currency, lines in sorted(by_currency.items())]


def document(donor: Donor, year: int, found: list[Account]) -> mail.Document:
    """The PDF of a donor's year, in the language of the moment, which is the donor's."""
    title, language = _("Your gifts in %(year)s", year=year), donor.language
    some_back = any(account.back.minor for account in found)
    caption = _("given in %(year)s, less what went back", year=year) if some_back else _("given in %(year)s", year=year)
    content = {
        **letterhead(language, title=title, footer=title),
        "sums": [account.left.text(language, exact=True) for account in found],
        "caption": caption,
        "facts": {"title": _("Summary"), "rows": _facts(donor, year, found)},
        "accounts": [
            {"heading": _heading(account, language) if len(found) > 1 else "", "table": _table(account, language)}
            for account in found
        ],
        "notes": _notes(found),
    }
    return mail.Document(f"gifts-{year}.pdf", "summary.typ", content)


def _facts(donor: Donor, year: int, found: list[Account]) -> list[list[str]]:
    today = clock.now().date()
    return [
        [_("From"), donors.open_person(donor)["name"]],
        [_("Year"), str(year)],
        [_("Payments"), str(sum(len(account.lines) for account in found))],
        [_("As of"), clock.day(today, donor.language)],
    ]


def _heading(account: Account, language: str) -> str:
    name = get_currency_name(account.currency, locale=language.replace("-", "_"))
    return f"{name} ({account.currency})"


def _table(account: Account, language: str) -> dict[str, Any]:
    """As templates/sheets/paper.typ wants it; what went back has its columns only where something did."""
    columns, widths = [_("Date"), _("For"), _("Number"), _("Amount")], [1.3, 2.2, 1.2, 1.1]
    if account.back.minor:
        columns, widths = [*columns, _("Went back"), _("Remains")], [1.5, 1.8, 1.25, 1.1, 1.1, 1.1]
    shown = len(columns)
    rows = [
        [
            clock.day((line.payment.paid_at or line.payment.created_at).date(), language), words.fund(line.payment.case),
            number_of(line.payment), *_figures(line.payment.money, line.left, language),
        ][:shown]
        for line in account.lines
    ]  # fmt: skip
    totals = [[_("Total"), "", "", *_figures(account.given, account.left, language)][:shown]]
    return {"columns": columns, "widths": widths, "ends": list(range(3, shown)), "rows": rows, "totals": totals}


def _figures(given: Money, left: Money, language: str) -> list[str]:
    back = Money(given.minor - left.minor, given.currency)
    shown = [money.text(language, exact=True) for money in (given, back, left)]
    return [shown[0], shown[1] if back.minor else "–", shown[2]]


def _notes(found: list[Account]) -> list[str]:
    rhythms = {line.payment.donation.frequency for account in found for line in account.lines}
    return [
        *words.statements(rhythms),
        _("Listed is what you gave on this site; the days are those of Universal Time (UTC)."),
        words.no_certificate_of_a_year(),
    ]
