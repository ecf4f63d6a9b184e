"""Tax receipts for tests: a registration, donors with an address, and what stands in the database and in the mails."""

import io
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from core import clock
from core.db import db
from core.jobs import Job, run_pending
from core.money import Money
from core.vault import SITE, vault
from donations import checkout_services, services
from donations.models import Donation, Frequency, Payment, PaymentStatus
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.reversals import services as reversals
from donations.tax import issuing, registrations
from donations.tax import services as tax
from donations.tax.models import TaxReceipt, TaxReceiptLine
from tests.donations.conftest import DONOR, World

STREET = {"street": "1 Example Street", "place": "Cork", "postal_code": "T12 X0X0", "country": "IE"}
REGISTRATION = {
    "country": "IE", "legal_name": "Examples for Freedom CLG", "address": "2 Sample Quay\nDublin 2", "number": "CHY 00000",
    "office": "Revenue, Charities Section", "wording": "These gifts qualify under the section of the Example Act.",
    "prefix": "IE",
}  # fmt: skip


@dataclass
class Tax:
    """A site that issues tax receipts to donors in Ireland."""

    app: Flask
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(self.app)

    def register(self, **changes: str) -> int:
        """A registration in use; its id."""
        with self.app.app_context():
            made = registrations.register(**{**REGISTRATION, **changes}, actor="olga@example.org").id
            db.session.commit()
            return made

    def paid(
        self,
        minor: int = 2500,
        *,
        email: str = DONOR,
        currency: str = "EUR",
        frequency: str = "once",
        paid_at: Any = None,
    ) -> str:
        """A paid gift whose donor is known; its payment's Stripe id. No job is done."""
        with self.app.app_context():
            vault().prepare(SITE)
            donation = checkout_services.intend(
                None, money=Money(minor, currency), frequency=Frequency(frequency), cover_fee=False, name="Dana Donor",
                email=email, message="", show_name=False, language="en", cancel_token="", form_key=secrets.token_bytes(32),
            )  # fmt: skip
            services.complete_session(donation, f"cs_{donation.public_id}", None)
            stripe_id, at = f"pi_{donation.public_id}", paid_at or clock.now()
            services.record_payment(donation, stripe_id, status=PaymentStatus.PAID, at=at, money=donation.money)
            donors.of(donation)
            db.session.commit()
            return stripe_id

    def lives(self, email: str = DONOR, **changes: str) -> None:
        """Gives a donor's postal address; without a country it is taken back."""
        with self.app.app_context():
            vault().prepare(SITE)
            donor = donors.find(email)
            assert donor is not None
            person = donors.open_person(donor)
            postal = {**STREET, **changes}
            person["postal"], donor.postal_at = postal, clock.now() if postal["country"] else None
            donors.seal_person(donor, person if postal["country"] else {**person, "postal": None})
            db.session.commit()

    def ask(self, email: str = DONOR, **how: Any) -> None:
        """Presses the button of the own page, and lets the worker do what follows, but for mails."""
        with self.app.app_context():
            donor = donors.find(email)
            assert donor is not None
            tax.promise_for(donor, **how)
            db.session.commit()
        self.settle()

    def settle(self) -> None:
        """Lets the worker do every job but the sending of mails, whose documents take their time."""
        with self.app.app_context():
            run_pending(self.app.extensions["jobs"].handlers, lambda moment: (Job.kind != "mail",))

    def receipts(self) -> list[tuple[str, int, bool]]:
        """(name, amount, whether it holds) of every receipt, the first first."""
        with self.app.app_context():
            rows = db.session.scalars(select(TaxReceipt).order_by(TaxReceipt.id))
            return [(one.name.removeprefix("IE-"), one.amount, one.cancelled_at is None) for one in rows]

    def valid(self) -> dict[str, int]:
        """How much of each payment stands on a valid receipt, by the payment's Stripe id."""
        with self.app.app_context():
            rows = db.session.scalars(select(TaxReceiptLine).where(TaxReceiptLine.valid))
            found = [(line.payment.stripe_id, line.amount) for line in rows]
            assert len(dict(found)) == len(found), "a payment stands on two valid receipts"
            return dict(found)

    def left(self) -> dict[str, int]:
        with self.app.app_context():
            return {one.stripe_id: reversals.left(one).minor for one in db.session.scalars(select(Payment))}

    def letters(self, *subjects: str, to: str = DONOR) -> list[EmailMessage]:
        """Works, then the mails with one of these subjects, the first first."""
        return [mail for mail in self.world.mails_to(to) if mail["Subject"] in subjects]

    def issue(self, email: str) -> list[TaxReceipt]:
        """Issues within the caller's transaction all that can be issued to a donor."""
        donor = db.session.scalars(select(Donor).where(Donor.email_index == donors.index_of(email))).one()
        registration = registrations.in_use("IE")
        assert registration is not None
        mine = select(Payment).join(Payment.donation).where(Donation.donor_id == donor.id)
        return issuing.issue(donor, registration, db.session.scalars(mine).all())


RECEIPT, COPY, CANCELLED = "Your tax receipt", "Your tax receipt once more", "Your tax receipt is cancelled"


def attached(mail: EmailMessage) -> tuple[str, PdfReader]:
    """The one PDF of a mail: its file name, and the document."""
    (part,) = mail.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    return str(part.get_filename()), PdfReader(io.BytesIO(part.get_content()))


def words(document: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in document.pages).split())


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, 12, tzinfo=UTC)
