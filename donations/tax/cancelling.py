"""A receipt says what is left of its payments. Where that changes it is cancelled, never deleted, and another takes its place.

Nothing here depends on which event came first: what is left is computed, and compared with what the newest receipt says."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core import clock
from core.db import db
from donations.models import Payment
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.reversals import services as reversals
from donations.tax import issuing, registrations
from donations.tax.models import TaxReceipt, TaxReceiptLine
from donations.tax.reasons import Reason
from donations.tax.seals import open_receipt


@dataclass(frozen=True)
class Settled:
    """What was done: the receipt that was cancelled, if any, and those that were issued in its place."""

    cancelled: TaxReceipt | None
    issued: Sequence[TaxReceipt]


NOTHING = Settled(None, ())


def settle(payment: Payment) -> Settled:
    """Compares a payment's newest receipt with what is left of the payment, and does what follows. The worker only.

    The caller has prepared the vault for SITE."""
    if payment.donation.donor_id is None:
        return NOTHING
    donor = donors.lock(payment.donation.donor_id)  # None where they were erased; locked all the same
    newest = _newest_line(payment)
    left = reversals.left(payment).minor
    if newest is None or left == (newest.amount if newest.valid else 0):
        return NOTHING
    receipt = newest.receipt
    cancelled = _cancel(receipt, _reason(payment, newest.amount, left)) if newest.valid else None
    return Settled(cancelled, _replace(receipt, donor))


def correct(receipt: TaxReceipt) -> Settled:
    """Issues a receipt anew, for who the donor says to be now, and cancels it; nothing where none could take its place,
    nor where the donor has no address in its country any more: the new one would say the same.

    The worker only; the caller has prepared the vault for SITE."""
    donor = donors.lock(receipt.donor_id)
    db.session.refresh(receipt)
    country = receipt.registration.country
    if donor is None or receipt.cancelled_at or not (registrations.in_use(country) and _present(donor, country)):
        return NOTHING
    return Settled(_cancel(receipt, Reason.CORRECTED), _replace(receipt, donor))


def _newest_line(payment: Payment) -> TaxReceiptLine | None:
    """Its line on the receipt that was issued last, the only one that can be valid."""
    lines = select(TaxReceiptLine).where(TaxReceiptLine.payment_id == payment.id)
    newest = lines.order_by(TaxReceiptLine.receipt_id.desc()).limit(1)
    return db.session.scalar(newest, execution_options={"populate_existing": True})


def _reason(payment: Payment, said: int, left: int) -> Reason:
    if left > said:
        return Reason.RESTORED
    back = sum(refund.amount for refund in reversals.refunds_of(payment) if refund.status in reversals.GOING)
    return Reason.REFUND if payment.amount - back < said else Reason.DISPUTE


def _cancel(receipt: TaxReceipt, reason: Reason) -> TaxReceipt:
    receipt.cancelled_at, receipt.cancel_reason = clock.now(), reason
    for line in receipt.lines:
        line.valid = False
    db.session.flush()
    return receipt


def _replace(receipt: TaxReceipt, donor: Donor | None) -> list[TaxReceipt]:
    """New receipts for what is left of a cancelled one's payments, under its country's registration of today, if any."""
    country = receipt.registration.country
    registration = registrations.in_use(country)
    if registration is None or donor is None:
        return []
    person = _person(receipt, donor, country)
    payments = [line.payment for line in receipt.lines]
    return issuing.issue(donor, registration, payments, person=person) if person else []


def _person(receipt: TaxReceipt, donor: Donor, country: str) -> issuing.Person | None:
    """The donor as they are now; as the cancelled receipt names them where they live abroad now, or took their address back."""
    return _present(donor, country) or (open_receipt(receipt) if receipt.blob is not None else None)


def _present(donor: Donor, country: str) -> issuing.Person | None:
    """The donor as they are now, if they live in this country."""
    try:
        present = issuing.person_of(donor)
    except issuing.NoPostalAddress:
        return None
    return present if present["country"] == country else None
