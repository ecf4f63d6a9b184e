"""The notice of a regular gift, once a year in January: what was given, what goes on, and how to change or stop it."""

from typing import Any

from flask_babel import force_locale
from sqlalchemy import exists, literal, select

from core import clock
from core.db import db
from core.jobs import Job, enqueue
from donations import letters
from donations.models import Donation, Frequency, Payment
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.papers import summaries, words
from donations.seals import readable
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import SubscriptionStatus

KIND = "donations.yearly"
MONTH, FIRST_DAY = 1, 4  # Stripe repeats an event for three days: the last of December are in the summary
AT_ONCE = 100
OVER = (SubscriptionStatus.INCOMPLETE, SubscriptionStatus.CANCELED)


def promise_due() -> bool:
    """The worker's tick: in January promises the notice to donors who have none of last year's; whether it found any. Commits.

    Found are those without a promise, and a promise is made once: a worker killed in between loses none and doubles none."""
    now = clock.now()
    if now.month != MONTH or now.day < FIRST_DAY:
        return False
    year = now.year - 1
    due = db.session.scalars(_due(year)).all()
    for public_id in due:
        enqueue(KIND, {"donor": public_id, "year": year}, key=f"{KIND}:{public_id}:{year}")
    if due:
        db.session.commit()
    return bool(due)


def write(job: Job) -> None:
    """Promises one donor's notice with the summary as PDF; none to who was erased meanwhile, or wants no mail."""
    donor = db.session.scalars(select(Donor).where(Donor.public_id == job.args["donor"])).one()
    year = int(job.args["year"])
    found = summaries.accounts(donor, year) if donor.blob is not None else []
    if not found or readable(donors.open_person, donor) is None:
        return
    with force_locale(donor.language):
        context = {
            "year": year, "sums": [account.left.text(donor.language) for account in found],
            "statements": words.statements({Frequency.MONTHLY}), "going": _going_on(donor),
        }  # fmt: skip
        paper = summaries.document(donor, year, found)
    key = f"{donor.public_id}:{year}"
    letters.write_to(donor, "yearly", key=key, context=context, document=paper, essential=False)


def _due(year: int) -> Any:
    regular = (Donation.donor_id == Donor.id, Donation.frequency != Frequency.ONCE)
    paid = exists(Payment.id).where(*regular, *summaries.of_year(year))
    promised = exists(Job.id).where(Job.key == literal(f"{KIND}:") + Donor.public_id + literal(f":{year}"))
    return select(Donor.public_id).where(Donor.blob.is_not(None), paid, ~promised).order_by(Donor.id).limit(AT_ONCE)


def _going_on(donor: Donor) -> list[dict[str, str]]:
    """The regular gifts of which more payments come: how much, how often, for what, and when next."""
    regular = (Donation.donor_id == donor.id, Donation.frequency != Frequency.ONCE, Donation.blob.is_not(None))
    begun = select(Donation).where(*regular, Donation.subscription_id.is_not(None)).order_by(Donation.id)
    return [told for gift in db.session.scalars(begun) if (told := _told(gift, donor.language))]


def _told(gift: Donation, language: str) -> dict[str, str]:
    standing = subscriptions.find(gift)
    if standing is not None and standing.status in OVER:
        return {}
    money = standing.money_in(gift.currency) if standing else gift.money  # Stripe has not said anything of it yet
    told = {"amount": money.text(language), "frequency": str(gift.frequency), "fund": words.fund(gift.case)}
    paused = standing is not None and standing.status == SubscriptionStatus.PAUSED
    moment = standing and (standing.resumes_at if paused else standing.period_end)
    day = clock.day(moment.date(), language) if moment and moment > clock.now() else ""
    return {**told, "paused": "yes" if paused else "", "day": day}
