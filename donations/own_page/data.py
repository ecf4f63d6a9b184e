"""Everything that is stored about a donor, as a file for them: which columns it gives, and which not and why.

A test holds the two tables against the schema, so that a new column or table fails until somebody has decided on it."""

import enum
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import clock, unsubscribes
from core.db import Base, db
from core.job_names import jobs_of
from core.unsubscribes import Unsubscribe
from donations.checkout_services import open_donor
from donations.guards.models import FraudWarning
from donations.models import Donation, InvoicePayment, Payment
from donations.moving.models import FundQuestion
from donations.moving.services import MOVED_KIND
from donations.own_page import donors, wishes
from donations.own_page.models import Donor, DonorLink
from donations.papers import services as papers
from donations.papers import yearly
from donations.reversals.models import Dispute, Refund, RefundRequest
from donations.reversals.services import SETTLE
from donations.subscriptions import changes
from donations.subscriptions.models import AgreedAmount, Subscription
from donations.tax import lookup as tax_lookup
from donations.tax import services as tax
from donations.tax.models import TaxReceipt, TaxReceiptLine
from donations.tax.seals import open_receipt
from donations.wall.models import WallEntry

KEY_NAMES = ("key_id", "data_key_id")
SEALED = "opened, as 'sealed'"
MAILS = (
    "receipt", "payment_failed", "dunning", "gift_ended", "gift_changed", "donor_link", "donor_address", "donor_moved",
    "donor_data", "donor_erased", "summary", "yearly", "tax_receipt", "tax_cancelled", "fund_question", "fund_moved",
    "fund_kept", "gift_unchanged",
)  # fmt: skip
JOB_NAMES = (
    *(f"mail:{template}" for template in MAILS), *wishes.KINDS, changes.KIND, "donations.receipt", "donations.failure",
    "donations.dunning", "donations.ended", MOVED_KIND, papers.RECEIPT, papers.SUMMARY, yearly.KIND, tax.ISSUE,
    tax_lookup.CORRECT, SETTLE,
    "journal:gift-unlisted", "journal:gift-erased",
)  # fmt: skip
DIGEST = "the fingerprint of a mailed link, which the mail itself holds"
GIVEN: dict[type[Base], tuple[str, ...]] = {
    Donor: ("id", "public_id", "email_index", "language", *KEY_NAMES, "postal_at", "erased_at", "created_at"),
    Donation: (
        "id", "public_id", "case_id", "amount", "currency", "frequency", "cover_fee", "show_name", "show_badge", "tribute",
        "source", "language", *KEY_NAMES, "session_state", "session_id", "session_url", "session_expires_at",
        "subscription_id", "donor_id", "created_at",
    ),
    Payment: (
        "id", "stripe_id", "donation_id", "case_id", "amount", "currency", "status", "created_at", "attempts", "retry_at",
        "action_url", "paid_at",
    ),
    InvoicePayment: ("payment_intent", "invoice_id"),
    Subscription: ("id", "customer_id", "status", "amount", "period_end", "resumes_at", "changed_at", "turn", "turn_until"),
    AgreedAmount: ("donation_id", "amount", "agreed_at"),
    Refund: ("id", "payment_intent", "amount", "currency", "status", "created_at", "changed_at"),
    RefundRequest: ("id", "public_id", "payment_id", "amount", "reason", "state", "answer", "created_at"),
    Dispute: (
        "id", "payment_intent", "amount", "currency", "status", "reason", "fee", "fee_currency", "due_at", "created_at",
        "changed_at",
    ),
    FraudWarning: ("id", "payment_intent", "charge", "kind", "created_at", "settled_at"),
    FundQuestion: ("donation_id", "case_id", "asked_at", "due_at", "answered_at", "answer", "was_paused", "resumes_at"),
    TaxReceipt: (
        "id", "public_id", "registration_id", "year", "number", "donor_id", "amount", "currency", *KEY_NAMES, "issued_at",
        "cancelled_at", "cancel_reason",
    ),
    TaxReceiptLine: ("receipt_id", "payment_id", "amount", "valid"),
    WallEntry: ("id", "donation_id", "offline_gift_id", "case_id", "name", "words", "message", "tribute_name", "judged_at"),
    DonorLink: ("donor_id", "purpose", "expires_at"),
    Unsubscribe: ("created_at",),
}  # fmt: skip
NOT_GIVEN: dict[type[Base], dict[str, str]] = {
    Donor: {"blob": SEALED},
    Donation: {
        "blob": SEALED, "form_key": "the fingerprint of the form, by which its fields could be tried",
        "cancel_token": "the amount that was chosen, sealed for the way back from Stripe",
    },
    Payment: {}, InvoicePayment: {}, Subscription: {}, AgreedAmount: {}, Refund: {},
    RefundRequest: {"asked_by": "which organiser asked is told to organisers only"},
    Dispute: {}, FraudWarning: {"settled_by": "which organiser looked is told to organisers only"}, FundQuestion: {},
    TaxReceipt: {"blob": SEALED}, TaxReceiptLine: {},
    WallEntry: {"judged_by": "which organiser read it is told to organisers only"},
    DonorLink: {"digest": DIGEST}, Unsubscribe: {"digest": "the fingerprint of the unsubscribing link"},
}  # fmt: skip


def as_text(donor: Donor, person: Mapping[str, Any]) -> str:
    """The file: JSON, two spaces deep, times in UTC, fingerprints in hexadecimal, money in minor units."""
    return json.dumps(collect(donor, person), ensure_ascii=False, indent=2) + "\n"


def collect(donor: Donor, person: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored about a donor, by table; needs the keystore."""
    gifts = _rows(Donation, Donation.donor_id == donor.id)
    ids = [gift.id for gift in gifts]
    payments = _rows(Payment, Payment.donation_id.in_(ids))
    names, invoices = _names_of(payments)
    receipts = _rows(TaxReceipt, TaxReceipt.donor_id == donor.id)
    lines = TaxReceiptLine.receipt_id.in_([receipt.id for receipt in receipts])
    stopped = Unsubscribe.digest == unsubscribes.digest_of(person["email"])
    return {
        "made_at": clock.now().isoformat(),
        "donors": [{**_columns(donor), "sealed": donors.open_person(donor)}],
        "donations": [{**_columns(gift), "sealed": open_donor(gift) if gift.blob else None} for gift in gifts],
        "payments": _told(payments),
        "invoice_payments": _told(invoices),
        "subscriptions": _told(_rows(Subscription, Subscription.id.in_([gift.subscription_id for gift in gifts]))),
        "agreed_amounts": _told(_rows(AgreedAmount, AgreedAmount.donation_id.in_(ids))),
        "refunds": _told(_rows(Refund, Refund.payment_intent.in_(names))),
        "refund_requests": _told(_rows(RefundRequest, RefundRequest.payment_id.in_([one.id for one in payments]))),
        "disputes": _told(_rows(Dispute, Dispute.payment_intent.in_(names))),
        "fraud_warnings": _told(_rows(FraudWarning, FraudWarning.payment_intent.in_(names))),
        "fund_questions": _told(_rows(FundQuestion, FundQuestion.donation_id.in_(ids))),
        "tax_receipts": [{**_columns(one), "sealed": open_receipt(one) if one.blob else None} for one in receipts],
        "tax_receipt_lines": _told(_rows(TaxReceiptLine, lines)),
        "wall_entries": _told(_rows(WallEntry, WallEntry.donation_id.in_(ids))),
        "donor_links": _told(_rows(DonorLink, DonorLink.donor_id == donor.id)),
        "unsubscribes": _told(_rows(Unsubscribe, stopped)),
        "jobs": _jobs(donor, gifts, [*names, *(receipt.public_id for receipt in receipts)]),
    }


def _names_of(payments: Sequence[Payment]) -> tuple[list[str], list[InvoicePayment]]:
    """Whatever refunds and disputes may call these payments, and the rows that say so."""
    own = [payment.stripe_id for payment in payments]
    through = _rows(InvoicePayment, InvoicePayment.invoice_id.in_(own))
    return [*own, *(row.payment_intent for row in through)], through


def _jobs(donor: Donor, gifts: Sequence[Donation], names: Sequence[str]) -> list[dict[str, Any]]:
    """Work whose name holds a number of theirs: what kind, when, and how it ended; never what a mail will say."""
    numbers = [donor.public_id, *(gift.public_id for gift in gifts), *names]
    numbers += [gift.subscription_id for gift in gifts if gift.subscription_id]
    columns = ("id", "kind", "key", "state", "attempts", "created_at", "finished_at")
    return [{name: _plain(getattr(job, name)) for name in columns} for job in jobs_of(JOB_NAMES, numbers)]


def _rows(table: Any, condition: Any) -> list[Any]:
    order = list(table.__table__.primary_key.columns)
    return list(db.session.scalars(select(table).where(condition).order_by(*order)))


def _told(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [_columns(row) for row in rows]


def _columns(row: Any) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in GIVEN[type(row)]}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value.value if isinstance(value, enum.Enum) else value
