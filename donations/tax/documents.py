"""What a tax receipt looks like on paper, and the mails that bring it, or the news that it is cancelled. The worker only."""

from datetime import date
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from core import clock, countries
from core.mail import Document
from donations import letters
from donations.papers.letterhead import letterhead
from donations.papers.numbers import number_of
from donations.tax.models import TaxReceipt, TaxReceiptLine
from donations.tax.reasons import reason_of
from donations.tax.seals import open_receipt

TEMPLATE = "tax_receipt.typ"


def send(receipt: TaxReceipt, *, copy: str = "") -> None:
    """Promises the mail with a receipt, once; `copy` tells a further one of it from the first."""
    _write(receipt, "tax_receipt", f"{receipt.public_id}{copy}", receipt.name, copy=bool(copy))


def send_cancelled(receipt: TaxReceipt, *, replaced: bool) -> None:
    """Promises the news that a receipt counts no more, with the receipt marked so."""
    _write(receipt, "tax_cancelled", receipt.public_id, f"{receipt.name}-cancelled", replaced=replaced)


def content(receipt: TaxReceipt, language: str) -> dict[str, Any]:
    """All that stands on the receipt as plain data: our words in this language, the organisers' as they wrote them."""
    with force_locale(language):
        issued_on = clock.day(receipt.issued_at.date(), language)
        title = _("Tax receipt %(name)s", name=receipt.name)
        footer = _("Tax receipt %(name)s, issued on %(day)s", name=receipt.name, day=issued_on)
        if receipt.cancelled_at:  # said on each page
            title = _("Cancelled tax receipt %(name)s", name=receipt.name)
            footer = _("Cancelled tax receipt %(name)s, issued on %(day)s", name=receipt.name, day=issued_on)
        caption = _("Sum of the gifts on this receipt, issued on %(day)s", day=issued_on)
        return {
            **letterhead(language, title=title, footer=footer), "to": _addressed(receipt),
            "cancelled": _cancelled(receipt, language), "issuer": _issuer(receipt),
            "total": receipt.money.text(language, exact=True), "caption": caption, "payments": _payments(receipt, language),
            "wording": receipt.registration.wording,
        }  # fmt: skip


def _addressed(receipt: TaxReceipt) -> list[str]:
    person = open_receipt(receipt)
    town = f"{person['postal_code']} {person['place']}".strip()
    return [person["name"], *person["street"].splitlines(), town, countries.name_of(person["country"])]


def _cancelled(receipt: TaxReceipt, language: str) -> dict[str, str] | None:
    if receipt.cancelled_at is None:
        return None
    day = clock.day(receipt.cancelled_at.date(), language)
    said = _("Cancelled on %(day)s: this receipt is no longer valid and must not be used.", day=day)
    return {"title": _("Cancelled"), "day": said, "reason": str(reason_of(receipt))}


def _issuer(receipt: TaxReceipt) -> dict[str, Any]:
    registration = receipt.registration
    rows = [
        (_("Name"), registration.legal_name), (_("Address"), registration.address),
        (_("Registration number"), registration.number), (_("Tax office"), registration.office),
    ]  # fmt: skip
    return {"title": _("Issued by"), "rows": rows}


def _payments(receipt: TaxReceipt, language: str) -> dict[str, Any]:
    rows = [
        (
            clock.day(_paid_on(line), language),
            number_of(line.payment),
            line.money.text(language, exact=True),
        )
        for line in receipt.lines
    ]
    columns = [_("Received on"), _("Number"), _("Amount")]
    totals = [(_("Total"), "", receipt.money.text(language, exact=True))]
    return {"columns": columns, "widths": [3, 4, 2], "ends": [2], "rows": rows, "totals": totals}


def _paid_on(line: TaxReceiptLine) -> date:
    return (line.payment.paid_at or line.payment.created_at).date()


def _write(receipt: TaxReceipt, template: str, key: str, filename: str, **context: Any) -> None:
    if receipt.blob is None:  # older than the years that name and address are kept: nobody could use it
        return
    donor = receipt.donor
    with force_locale(donor.language):
        about = {
            "number": receipt.name, "amount": receipt.money.text(donor.language), "year": str(_paid_on(receipt.lines[-1]).year),
            "issuer": receipt.registration.legal_name, "reason": str(reason_of(receipt)),
        }  # fmt: skip
    document = Document(f"{filename}.pdf", TEMPLATE, content(receipt, donor.language))
    letters.write_to(donor, template, key=key, context={**about, **context}, document=document)
