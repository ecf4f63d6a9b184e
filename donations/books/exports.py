"""Files for the accountant: one line for each movement, each fee, refund and dispute among them, and the journal.

Two variants: usually a donor is named who shows the name in public; `names`, where the law asks for it, names every donor.
Either opens seals, so both are entries of the audit chain."""

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _

from core import audit
from core.formats import CSV, xlsx_of
from core.tables import Row
from donations.books import journal, offline
from donations.books.amounts import major
from donations.books.gifts import fund_of, payments_of
from donations.books.models import BalanceTransaction
from donations.books.scope import Scope
from donations.checkout_services import open_donor
from donations.models import Donation, Payment
from donations.seals import readable

HEADER = (
    "date", "kind", "gift", "donor", "designation", "given", "given in", "gross", "fee", "net", "currency", "payout", "payment",
    "movement",
)  # fmt: skip
FORMATS = {"csv": CSV, "xlsx": xlsx_of("Books")}
JOURNALS = ("csv", "ledger")


def export(scope: Scope, format_name: str, *, names: bool, actor: str) -> Iterator[bytes]:
    """Records the export and gives the file's bytes. The caller commits before it takes the first byte."""
    lines = scope.lines()
    audit.record("books.exported", scope.name, actor=actor, format=format_name, names=names, rows=len(lines))
    written = [
        *_rows(lines, names),
        *offline.rows(scope, names=names),
    ]  # opened now: the rows are gone after the commit
    return FORMATS[format_name].write(HEADER, written)


def export_journal(scope: Scope, format_name: str, *, actor: str) -> Iterator[bytes]:
    """The same movements in double entry, without a name. The caller commits before it takes the first byte."""
    audit.record("books.exported", scope.name, actor=actor, format=f"journal {format_name}", names=False)
    written = [*entries_of(scope.lines()), *offline.entries(scope)]
    if format_name == "ledger":
        return journal.ledger(written)
    return CSV.write(journal.HEADER, journal.rows(written))


def entries_of(lines: Sequence[BalanceTransaction]) -> list[journal.Entry]:
    """The journal's entries of these movements, with the funds that their gifts are for."""
    payments = payments_of(lines)
    return list(journal.entries(lines, lambda line: fund_of(line, payments)))


def _rows(lines: Sequence[BalanceTransaction], names: bool) -> Iterator[Row]:
    payments = payments_of(lines)
    for line in lines:
        payment = payments.get(line.payment_intent)
        gift = payment.donation if payment else None
        exact = [major(amount, line.currency) for amount in (line.amount, line.fee, line.net)]
        given = major(line.source_amount, line.source_currency) if line.source_currency else ""
        yield (
            line.created_at.date().isoformat(), line.category, gift.public_id if gift else "", _donor(gift, names),
            designation(payment), given, line.source_currency, *exact, line.currency, line.payout, line.payment_intent, line.id,
        )  # fmt: skip


def designation(payment: Payment | None) -> str:
    """What a payment was for, as the accountant reads it; empty where no gift is behind a movement."""
    if payment is None:
        return ""
    return payment.case.title if payment.case else _("General fund")


def _donor(gift: Donation | None, names: bool) -> str:
    if gift is None:
        return ""
    if gift.blob is None or not (names or gift.show_name):
        return _("anonymous")
    person = readable(open_donor, gift)
    return person["name"] if person else _("cannot be read")
