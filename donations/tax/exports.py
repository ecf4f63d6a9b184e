"""The receipts of a year as a table. With names it opens seals; either is an entry of the audit chain."""

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import select

from core import audit, countries
from core.db import db
from core.formats import CSV
from core.tables import Row
from donations.seals import readable
from donations.tax.models import TaxReceipt
from donations.tax.reasons import reason_of
from donations.tax.seals import open_receipt

HEADER = ("number", "day", "currency", "amount", "payments", "cancelled", "reason")
NAMES = ("name", "address")
WHO = ("street", "postal_code", "place")


def export(year: int, *, names: bool, actor: str) -> Iterator[bytes]:
    """The receipts that were issued in a year, cancelled ones too. The caller commits before it takes the first byte."""
    mine = select(TaxReceipt).where(TaxReceipt.year == year).order_by(TaxReceipt.registration_id, TaxReceipt.number)
    receipts = db.session.scalars(mine).all()
    audit.record("tax_receipts.exported", str(year), actor=actor, names=names, rows=len(receipts))
    rows = [
        (*_row(receipt), *(_who(receipt) if names else ())) for receipt in receipts
    ]  # the rows are gone after the commit
    return CSV.write((*HEADER, *(NAMES if names else ())), rows)


def _row(receipt: TaxReceipt) -> Row:
    paid = " ".join(line.payment.stripe_id for line in receipt.lines)
    cancelled = receipt.cancelled_at.date().isoformat() if receipt.cancelled_at else ""
    return (
        receipt.name, receipt.issued_at.date().isoformat(), receipt.currency, receipt.money.major, paid, cancelled,
        str(reason_of(receipt)),
    )  # fmt: skip


def _who(receipt: TaxReceipt) -> Row:
    if receipt.blob is None:
        return "", ""
    person = readable(open_receipt, receipt)
    if person is None:
        return _("cannot be read"), ""
    parts = [*(person[part] for part in WHO), countries.name_of(person["country"])]
    return person["name"], ", ".join(part for part in parts if part)
