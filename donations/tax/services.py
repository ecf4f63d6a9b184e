"""Tax receipts for the other rooms: promised, shown to their donor, offered by the ordinary receipt, looked up by payment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from babel.lists import format_list
from sqlalchemy import select

from core import countries
from core.db import db
from core.jobs import WISH, enqueue
from core.money import Money
from donations.models import Frequency, Payment
from donations.own_page.models import Donor
from donations.tax import registrations
from donations.tax.models import TaxReceipt, TaxReceiptLine

ISSUE = "donations.tax"


@dataclass(frozen=True)
class Shown:
    """A receipt as its donor's own page lists it: nothing of it is sealed."""

    name: str
    day: date
    money: Money
    cancelled: bool


def promise_for(donor: Donor, *, copies: bool = False) -> None:
    """Promises whatever can be issued to a donor for this and the last calendar year, and the mails that bring it.

    `copies`: receipts of these years that stand already are mailed once more, at most once an hour."""
    enqueue(ISSUE, {"donor": donor.id, "copies": copies}, priority=WISH)


def promise_after(payment: Payment) -> None:
    """Promises the receipt of a gift once that has come; regular ones are gathered in January."""
    donor = payment.donation.donor
    if payment.donation.frequency == Frequency.ONCE and donor and donor.postal_at and registrations.countries_in_use():
        enqueue(ISSUE, {"donor": donor.id, "once": True}, key=f"{ISSUE}:{payment.stripe_id}")


def open_of(donor: Donor) -> list[Shown]:
    """Every receipt of a donor, the newest first; any role may ask."""
    mine = select(TaxReceipt).where(TaxReceipt.donor_id == donor.id).order_by(TaxReceipt.id.desc())
    return [
        Shown(receipt.name, receipt.issued_at.date(), receipt.money, receipt.cancelled_at is not None)
        for receipt in db.session.scalars(mine)
    ]


def offer(language: str) -> dict[str, str]:
    """What an ordinary receipt says of tax receipts: `tax` is offered or blank, `tax_countries` names for whom.

    The caller has set the locale."""
    codes = registrations.countries_in_use()
    named = format_list([countries.name_of(code) for code in codes], style="or", locale=language)
    return {"tax": "offered" if codes else "", "tax_countries": named}


def covering(payments: Iterable[Payment]) -> dict[int, TaxReceipt]:
    """The valid receipt of each payment that stands on one, by the payment's id."""
    ids = [payment.id for payment in payments]
    lines = select(TaxReceiptLine).where(TaxReceiptLine.payment_id.in_(ids), TaxReceiptLine.valid)
    return {line.payment_id: line.receipt for line in db.session.scalars(lines)}
