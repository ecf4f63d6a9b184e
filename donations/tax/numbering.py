"""Numbers of tax receipts: 1, 2, 3 … within a registration and a calendar year (UTC), none twice and none left out."""

from sqlalchemy import func, select

from core.db import db, insert
from donations.tax.models import TaxCounter, TaxReceipt, TaxRegistration

NAMED = 5  # missing numbers of a year that are named


def take(registration: TaxRegistration, year: int) -> int:
    """The next number; it is given back where the transaction is rolled back. Whoever comes second waits for the commit."""
    first = insert(TaxCounter).values(registration_id=registration.id, year=year, last=1)
    taken = first.on_conflict_do_update(
        index_elements=["registration_id", "year"], set_={"last": TaxCounter.last + 1}
    ).returning(TaxCounter.last)
    return db.session.execute(taken).scalar_one()


def gaps() -> list[str]:
    """What is wrong with the numbers, by registration and year: missing ones, and receipts that no counter has given."""
    given = (TaxReceipt.registration_id, TaxReceipt.year)
    issued = select(*given, func.count().label("count"), func.max(TaxReceipt.number).label("highest"))
    sums = issued.group_by(*given).subquery()
    # One query, from both sides: a receipt that is issued meanwhile is in both or in neither.
    counter = (TaxCounter.registration_id == sums.c.registration_id) & (TaxCounter.year == sums.c.year)
    both = select(TaxCounter.registration_id, TaxCounter.year, TaxCounter.last, sums.c.count, sums.c.highest)
    other = select(sums.c.registration_id, sums.c.year, TaxCounter.last, sums.c.count, sums.c.highest)
    rows = both.outerjoin(sums, counter).union(other.select_from(sums).outerjoin(TaxCounter, counter))
    return [
        _told(registration_id, year, max(last or 0, highest or 0))
        for registration_id, year, last, count, highest in db.session.execute(rows)
        if not (last == count == highest)
    ]


def _told(registration_id: int, year: int, last: int) -> str:
    mine = (TaxReceipt.registration_id == registration_id, TaxReceipt.year == year)
    there = set(db.session.scalars(select(TaxReceipt.number).where(*mine)))
    missing = [str(number) for number in range(1, last + 1) if number not in there]
    prefix = db.session.get_one(TaxRegistration, registration_id).prefix
    if not missing:
        return f"{prefix}-{year}: numbers that the counter has not given"
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return f"{prefix}-{year}: {', '.join(missing[:NAMED])}{more} missing"
