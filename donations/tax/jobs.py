"""Jobs of tax receipts: issued and mailed, compared with what is left of their payments, gathered for a year in January."""

from collections.abc import Sequence

from sqlalchemy import exists, literal, select

from core import clock
from core.db import db
from core.jobs import Handler, Job, enqueue
from core.worker import Tick
from donations import services as donations
from donations.models import Donation, Frequency, Payment, PaymentStatus
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.reversals.services import SETTLE
from donations.tax import cancelling, documents, issuing, lookup, registrations
from donations.tax.models import TaxReceipt
from donations.tax.services import ISSUE

AT_ONCE = 200
JANUARY, FIRST_DAY = 1, 2  # UTC; what Stripe told late on the last night is here by then


def issue(job: Job) -> None:
    """Issues what can be issued to a donor, and promises the mails; nothing without an address in a country of ours."""
    donor = db.session.scalars(select(Donor).where(Donor.public_id == job.args["donor"])).one()
    if donors.lock(donor.id) is None or donor.postal_at is None:
        return
    person = issuing.person_of(donor)
    registration = registrations.in_use(person["country"])
    if registration is None:
        return
    this = clock.now().year
    years = [job.args["year"]] if "year" in job.args else [this - 1, this]
    standing = _standing(donor, years) if job.args.get("copies") else ()
    paid = issuing.payments_of(donor, years, once=job.args.get("once", False))
    for receipt in issuing.issue(donor, registration, paid):
        documents.send(receipt)
    for receipt in standing:
        documents.send(receipt, copy=f":{job.created_at:%Y%m%d%H}")


def settle(job: Job) -> None:
    """Looks whether the receipt of a payment still says what is left of it; a payment that is not known has none."""
    payment = donations.find_payment(job.args["intent"])
    if payment is None:
        return
    _tell(cancelling.settle(payment))


def correct(job: Job) -> None:
    """Issues a receipt anew, as an organiser asked."""
    _tell(cancelling.correct(lookup.get(job.args["receipt"])))


def _tell(settled: cancelling.Settled) -> None:
    if settled.cancelled is not None:
        documents.send_cancelled(settled.cancelled, replaced=bool(settled.issued))
    for receipt in settled.issued:
        documents.send(receipt)


def gather() -> bool:
    """The worker's tick: in January, last year's receipt of whoever gives regularly, once for each donor. Commits."""
    now = clock.now()
    if now.month != JANUARY or now.day < FIRST_DAY or not registrations.countries_in_use():
        return False
    year = now.year - 1
    found = _regular(year)
    for public_id in found:
        enqueue(ISSUE, {"donor": public_id, "year": year}, key=f"{ISSUE}:{public_id}:{year}")
    if found:
        db.session.commit()
    return bool(found)


def _regular(year: int) -> Sequence[str]:
    """Donors with an address whose regular gift was paid that year, and to whom nothing was promised for it yet."""
    paid = exists().where(
        Payment.donation_id == Donation.id, Donation.donor_id == Donor.id, Donation.frequency != Frequency.ONCE,
        Payment.status == PaymentStatus.PAID, issuing.paid_in(year),
    )  # fmt: skip
    promised = exists().where(Job.key == literal(f"{ISSUE}:") + Donor.public_id + literal(f":{year}"))
    waiting = select(Donor.public_id).where(Donor.postal_at.is_not(None), Donor.erased_at.is_(None), paid, ~promised)
    return db.session.scalars(waiting.order_by(Donor.id).limit(AT_ONCE)).all()


def _standing(donor: Donor, years: Sequence[int]) -> Sequence[TaxReceipt]:
    """The receipts that were issued in these years and hold."""
    mine = (TaxReceipt.donor_id == donor.id, TaxReceipt.year.in_(years), TaxReceipt.cancelled_at.is_(None))
    return db.session.scalars(select(TaxReceipt).where(*mine).order_by(TaxReceipt.id)).all()


JOBS: dict[str, Handler] = {ISSUE: issue, SETTLE: settle, lookup.CORRECT: correct}
TICKS = (Tick(gather, every=3600.0),)
