"""Tax receipts for the other rooms: promised, shown to their donor, offered by the ordinary receipt, looked up by payment."""

import secrets
from dataclasses import dataclass
from datetime import date

from babel.lists import format_list
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from core import countries
from core.db import db
from core.jobs import WISH, enqueue
from core.money import Money
from donations.models import Donation, Frequency, Payment
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
    key = f"{ISSUE}:{donor.public_id}:{secrets.token_hex(6)}"
    enqueue(ISSUE, {"donor": donor.public_id, "copies": copies}, key=key, priority=WISH)


def promise_after(payment: Payment) -> None:
    """Promises the receipt of a gift once that has come; regular ones are gathered in January."""
    donor = payment.donation.donor
    if payment.donation.frequency == Frequency.ONCE and donor and donor.postal_at and registrations.countries_in_use():
        enqueue(ISSUE, {"donor": donor.public_id, "once": True}, key=f"{ISSUE}:{payment.stripe_id}")


def open_of(donor: Donor) -> list[Shown]:
    """Every receipt of a donor, the newest first; any role may ask."""
    mine = select(TaxReceipt).where(TaxReceipt.donor_id == donor.id).order_by(TaxReceipt.id.desc())
    return [
        Shown(receipt.name, receipt.issued_at.date(), receipt.money, receipt.cancelled_at is not None)
        for receipt in db.session.scalars(mine)
    ]


@dataclass(frozen=True)
class OwnPart:
    """What the own page says of tax receipts: for whom there are new ones, and those that its donor has."""

    countries: str
    receipts: list[Shown]


def shown_to(donor: Donor) -> OwnPart | None:
    """The own page's part; None where no receipts are issued and the donor has none."""
    part = OwnPart(countries_named(), open_of(donor))
    return part if part.countries or part.receipts else None


def countries_named() -> str:
    """The countries whose donors get tax receipts, as a list in the language of the moment; empty where there are none."""
    codes = registrations.countries_in_use()
    return format_list([countries.name_of(code) for code in codes], style="or", locale=get_locale() or "en")


def offer(donation: Donation) -> str:
    """What the ordinary receipt of a gift says of tax receipts, in the language of the moment."""
    named = countries_named()
    if not named:
        return _("This is a receipt for your own records. It is not a certificate for the tax office.")
    if donation.frequency == Frequency.ONCE:
        return _(
            "This is a receipt for your own records, no tax receipt. If you live in %(countries)s, give your postal address "
            "on your own page, and your tax receipt is mailed to you.",
            countries=named,
        )
    return _(
        "This is a receipt for your own records, no tax receipt. If you live in %(countries)s, give your postal address on "
        "your own page, and in January a tax receipt for the whole year is mailed to you.",
        countries=named,
    )


def covering(payment: Payment) -> TaxReceipt | None:
    """The valid receipt that a payment stands on; one at most."""
    line = select(TaxReceiptLine).where(TaxReceiptLine.payment_id == payment.id, TaxReceiptLine.valid)
    found = db.session.scalar(line)
    return found.receipt if found else None
