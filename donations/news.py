"""Donors who asked, with a gift to a case's fund, for news of that case: read in order, opened; needs the keystore."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, func, select

from core.bulk import Addressee
from core.db import db
from donations.checkout_services import open_donor
from donations.models import Donation, Payment, PaymentStatus
from donations.own_page import donors, links
from donations.own_page.models import Donor
from donations.seals import readable

SAMPLED = 500  # donors whose gifts an estimate opens


def ahead(case_id: int, after: int, limit: int) -> tuple[int, list[Addressee]]:
    """The next donors: the last one's id, 0 where there is none, and those among them who asked for news."""
    found = db.session.scalars(_of(case_id).where(Donor.id > after).order_by(Donor.id).limit(limit)).all()
    return (found[-1].id if found else 0), _asking(case_id, found)


def fresh_links(addressees: Iterable[Addressee]) -> dict[int, dict[str, str]]:
    """A link to the own page of each, by donor; `links.live_from_now` says from when on it lives as long as others."""
    donors_of = {one.row: db.session.get_one(Donor, one.row) for one in addressees}
    return {row: {"page": links.fresh(donor, life=links.UNSENT_LIFE)} for row, donor in donors_of.items()}


def asks(case_id: int, donor_id: int, email: str) -> bool:
    """Whether this donor still is there, under this address, and asked for news."""
    found = db.session.scalars(_of(case_id).where(Donor.id == donor_id)).all()
    return [one.email for one in _asking(case_id, found)] == [email]


def estimate(case_id: int) -> int:
    """About how many asked: of the first donors the share that did."""
    total = db.session.scalar(select(func.count()).select_from(_of(case_id).subquery())) or 0
    sample = db.session.scalars(_of(case_id).order_by(Donor.id).limit(SAMPLED)).all()
    return round(total * len(_asking(case_id, sample)) / max(1, len(sample)))


def _of(case_id: int) -> Select[Donor]:
    return select(Donor).where(Donor.blob.is_not(None), _gifts(case_id).where(Donation.donor_id == Donor.id).exists())


def _gifts(case_id: int) -> Select[Donation]:
    """Gifts that were made to the case and whose money has come; who moved one here later asked for no news of this case."""
    paid = (Payment.donation_id == Donation.id, Payment.case_id == case_id, Payment.status == PaymentStatus.PAID)
    told_at = func.coalesce(Payment.paid_at, Payment.created_at)
    first = select(Payment.case_id).where(Payment.donation_id == Donation.id).order_by(told_at, Payment.id).limit(1)
    made_to = first.correlate(Donation).scalar_subquery() == case_id
    return select(Donation).where(Donation.blob.is_not(None), select(Payment.id).where(*paid).exists(), made_to)


def _asking(case_id: int, found: Sequence[Donor]) -> list[Addressee]:
    """A later gift without the tick takes nothing back: the link in each mail does that. Who cannot be opened is left out."""
    gifts = db.session.scalars(_gifts(case_id).where(Donation.donor_id.in_([donor.id for donor in found]))).all()
    opened = [(gift.donor_id, readable(open_donor, gift)) for gift in gifts]
    asking = {donor_id for donor_id, told in opened if told and told.get("updates")}
    people = [(donor, readable(donors.open_person, donor)) for donor in found if donor.id in asking]
    return [Addressee(donor.id, person["email"], donor.language) for donor, person in people if person]
