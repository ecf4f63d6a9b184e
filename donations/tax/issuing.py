"""Issuing tax receipts: what is left of a donor's payments, one receipt for each currency and calendar year (UTC) of them."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from sqlalchemy import ColumnElement, exists, or_, select

from core import clock
from core.db import db
from core.vault import SITE, vault
from donations.models import Donation, Frequency, Payment, PaymentStatus
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.reversals import services as reversals
from donations.tax import numbering
from donations.tax.models import TaxReceipt, TaxReceiptLine, TaxRegistration
from donations.tax.seals import SEALED_CONTEXT

Person = Mapping[str, str]  # name, street, place, postal_code, country
COVERED = exists().where(TaxReceiptLine.payment_id == Payment.id, TaxReceiptLine.valid)


class NoPostalAddress(ValueError):
    """The donor has given none, so that no receipt can be made out to them."""


def person_of(donor: Donor) -> Person:
    """Whom a receipt is made out to, as they are now. Raises NoPostalAddress. Office and worker only."""
    known = donors.open_person(donor)
    if donor.postal_at is None or "postal" not in known:
        raise NoPostalAddress(donor.public_id)
    return {"name": known["name"], **known["postal"]}


def payments_of(donor: Donor, years: Iterable[int], *, once: bool = False) -> Sequence[Payment]:
    """What a donor paid in these years; with `once` no payment of a regular gift."""
    query = select(Payment).join(Payment.donation).where(Donation.donor_id == donor.id, or_(*map(paid_in, years)))
    if once:
        query = query.where(Donation.frequency == Frequency.ONCE)
    return db.session.scalars(query.order_by(Payment.id)).all()


def paid_in(year: int) -> ColumnElement[bool]:
    begin = clock.now().replace(year=year, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return (Payment.paid_at >= begin) & (Payment.paid_at < begin.replace(year=year + 1))


def issue(
    donor: Donor, registration: TaxRegistration, payments: Sequence[Payment], *, person: Person | None = None
) -> list[TaxReceipt]:
    """New receipts for what is left of these payments, as far as none covers them yet; the worker only.

    `person`: whom they are made out to, where it is not the donor as they are now. Raises NoPostalAddress.
    The caller has prepared the vault for SITE."""
    locked = donors.lock(donor.id)  # one worker at a time looks at what a donor's payments are covered by
    if locked is None:
        return []
    to = person or person_of(locked)
    found = select(Payment).join(Payment.donation).where(
        Payment.id.in_([payment.id for payment in payments]), Payment.status == PaymentStatus.PAID, ~COVERED,
        Donation.donor_id == locked.id,
    )  # fmt: skip
    fresh = db.session.scalars(found.order_by(Payment.id), execution_options={"populate_existing": True})
    lines = [(payment, left) for payment in fresh if (left := reversals.left(payment).minor)]
    return [
        _receipt(locked, registration, to, list(mine)) for _, mine in groupby(sorted(lines, key=_belonging), _belonging)
    ]


def _belonging(line: tuple[Payment, int]) -> tuple[int, str]:
    payment = line[0]
    return (payment.paid_at or payment.created_at).year, payment.currency


def _receipt(donor: Donor, registration: TaxRegistration, to: Person, lines: list[tuple[Payment, int]]) -> TaxReceipt:
    public_id, now = secrets.token_urlsafe(16), clock.now()
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, to)
    receipt = TaxReceipt(
        public_id=public_id, registration=registration, donor=donor, year=now.year,
        number=numbering.take(registration, now.year), currency=lines[0][0].currency, issued_at=now,
        amount=sum(left for _, left in lines), key_id=box.key_id, data_key_id=box.data_key_id, blob=box.blob,
        lines=[TaxReceiptLine(payment=payment, amount=left, valid=True) for payment, left in lines],
    )  # fmt: skip
    db.session.add(receipt)
    db.session.flush()
    return receipt
