"""The clocks of what names donors, shown on the privacy page as they stand here. Amounts, days and funds stay for the books."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import exists, func, select, update

from core.db import db
from donations.models import Donation, Payment, SessionState
from donations.own_page import donors, leaving
from donations.own_page.models import Donor
from donations.subscriptions.models import Subscription, SubscriptionStatus

ABANDONED = timedelta(days=30)  # after a form whose payment page nobody went through
YEARS = 10  # whole calendar years after that of a donor's last payment; so long tax offices may ask
AT_ONCE = 500


def run(moment: datetime) -> Counter[str]:
    """Deletes whatever has run out by this moment; how many gifts and donors. Commits as it goes."""
    emptied: Counter[str] = Counter()
    while found := _empty_abandoned(moment - ABANDONED):
        emptied["abandoned gifts"] += found
        db.session.commit()
    while found := _erase_old(datetime(moment.year - YEARS, 1, 1, tzinfo=UTC)):
        emptied["donors"] += found
        db.session.commit()
    return emptied


def _empty_abandoned(before: datetime) -> int:
    paid = exists(Payment.id).where(Payment.donation_id == Donation.id)
    left = (Donation.session_state != SessionState.COMPLETE, Donation.created_at < before, Donation.blob.is_not(None))
    ids = db.session.scalars(select(Donation.id).where(*left, ~paid).order_by(Donation.id).limit(AT_ONCE)).all()
    if ids:
        emptied = update(Donation).where(Donation.id.in_(ids)).values(leaving.NOTHING)
        db.session.execute(emptied, execution_options=leaving.UNSYNCED)
    return len(ids)


def _erase_old(before: datetime) -> int:
    theirs = Donation.donor_id == Donor.id
    last = select(func.max(func.coalesce(Payment.paid_at, Payment.created_at))).join(Payment.donation).where(theirs)
    running = exists(Subscription.id).where(
        Donation.subscription_id == Subscription.id, theirs, Subscription.status != SubscriptionStatus.CANCELED
    )
    old = (Donor.blob.is_not(None), last.correlate(Donor).scalar_subquery() < before, ~running)
    ids = db.session.scalars(select(Donor.id).where(*old).order_by(Donor.id).limit(AT_ONCE)).all()
    for donor_id in ids:
        if donor := donors.lock(donor_id):
            leaving.erase(donor)
    return len(ids)
