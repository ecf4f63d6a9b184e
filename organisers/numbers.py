"""The numbers that the office shows: read only, from the tallies, the submissions, the payments and the jobs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core import clock, countries
from core.db import db
from core.jobs import Job
from core.money import Money
from donations import services as donations
from donations.models import Donation, Payment, PaymentStatus
from organisers.accounts.scope import Cases
from organisers.rates import services as rates
from petitions.counting import tallies
from petitions.models import Petition, Submission
from petitions.states import SubmissionState

DAYS_SHOWN = 30
COUNTRIES_SHOWN = 10


@dataclass(frozen=True)
class Share:
    """One line of a table of parts, with its share of the largest in percent, for its bar."""

    name: str
    signatures: int
    percent: int


@dataclass(frozen=True)
class Raised:
    """What came in: one sum a currency, how many payments, and, where dated rates were entered, about how much together."""

    sums: Sequence[Money]
    payments: int
    about: rates.About | None


def totals(petitions: Iterable[Petition]) -> dict[int, int]:
    """Folded totals by petition id, zeros included."""
    ids = [petition.id for petition in petitions]
    return {**dict.fromkeys(ids, 0), **tallies.totals(ids)}


def submissions(cases: Cases = None) -> dict[str, int]:
    """How many submissions to petitions of these cases, or to all, wait for their owner's confirmation, or are held."""
    live = (SubmissionState.RECEIVED, SubmissionState.MAILED, SubmissionState.HELD)
    query = select(Submission.state, func.count()).where(Submission.state.in_(live)).group_by(Submission.state)
    if cases is not None:
        mine = select(Petition.id).where(Petition.case_id.in_(cases))
        query = query.where(Submission.petition_id.in_(mine))
    return waiting_and_held({state.value: count for state, count in db.session.execute(query)})


def waiting_and_held(states: Mapping[str, int]) -> dict[str, int]:
    waiting = states.get(SubmissionState.RECEIVED, 0) + states.get(SubmissionState.MAILED, 0)
    return {"waiting": waiting, "held": states.get(SubmissionState.HELD, 0)}


def raised() -> Raised:
    """What Stripe said was paid, for all cases together."""
    sums = [Money(minor, currency) for currency, minor in sorted(donations.totals().items())]
    payments = select(func.count()).where(Payment.status == PaymentStatus.PAID)
    return Raised(sums, db.session.scalar(payments) or 0, rates.about(sums))


def gift_sources() -> list[tuple[str, int]]:
    """How many donations that were paid came by each source code, the most first; those without one are left out."""
    paid = select(Donation.source, func.count(Payment.donation_id.distinct())).join(Payment.donation)
    named = paid.where(Payment.status == PaymentStatus.PAID, Donation.source.is_not(None)).group_by(Donation.source)
    return sorted(
        ((str(source), count) for source, count in db.session.execute(named)), key=lambda row: (-row[1], row[0])
    )


def dead_jobs() -> int:
    """How many promises of the site were given up."""
    return db.session.scalar(select(func.count()).where(Job.state == "dead")) or 0


def by_day(by_hour: Mapping[str, int], zone: str) -> list[tuple[date, int]]:
    """Signatures of each of the last 30 days in the petition's own zone, quiet days included, the oldest first."""
    counts: Counter[date] = Counter()
    for hour, signatures in by_hour.items():
        moment = datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        counts[moment.astimezone(ZoneInfo(zone)).date()] += signatures
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    return [(day, counts[day]) for day in (today - timedelta(days=ago) for ago in reversed(range(DAYS_SHOWN)))]


def shares(counts: Mapping[str, int], *, most: int | None = None) -> list[Share]:
    """The parts by size, the largest first."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    largest = max((count for _, count in ranked), default=0) or 1
    return [Share(name, count, max(1, round(100 * count / largest))) for name, count in ranked]


def top_countries(by_country: Mapping[str, int]) -> list[Share]:
    found = shares(by_country, most=COUNTRIES_SHOWN)
    return [Share(countries.name_of(share.name), share.signatures, share.percent) for share in found]
