"""The numbers that the office shows: read only, from the tallies, the submissions, the payments and the jobs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select

from core.db import db
from core.jobs import Job
from core.money import Money
from donations import services as donations
from donations.models import Donation, Payment, PaymentStatus
from organisers.rates import services as rates
from petitions.counting import tallies
from petitions.models import LIVE, Petition, Submission
from petitions.states import SubmissionState

WAITING = (SubmissionState.RECEIVED, SubmissionState.MAILED)


@dataclass(frozen=True)
class Live:
    """Submissions that wait for their owner's confirmation, and those that are held."""

    waiting: int = 0
    held: int = 0

    def __add__(self, other: "Live") -> "Live":
        return Live(self.waiting + other.waiting, self.held + other.held)


@dataclass(frozen=True)
class Share:
    """One line of a table of parts, with its share of the largest in percent, for its bar."""

    name: str
    signatures: int
    percent: int


@dataclass(frozen=True)
class Raised:
    """What came in: one sum a currency, how many payments, and, where dated rates were entered, about how much together;
    the sums also by the case whose fund has them (None: the general one)."""

    sums: Sequence[Money]
    by_fund: Mapping[int | None, Sequence[Money]]
    payments: int
    about: rates.About | None


def totals(petitions: Iterable[Petition]) -> dict[int, int]:
    """Folded totals by petition id, zeros included."""
    ids = [petition.id for petition in petitions]
    return {**dict.fromkeys(ids, 0), **tallies.totals(ids)}


def submissions(petitions: Iterable[int] | None = None) -> dict[int, Live]:
    """What waits and what is held, by petition id; of these petitions alone where they are named. The million that are
    done with are not looked at."""
    mine = [] if petitions is None else [Submission.petition_id.in_(list(petitions))]
    keys = (Submission.petition_id, Submission.state)
    query = select(*keys, func.count()).where(LIVE, *mine)
    found: dict[int, Live] = defaultdict(Live)
    for petition, state, count in db.session.execute(query.group_by(*keys)):
        found[petition] += Live(waiting=count) if state in WAITING else Live(held=count)
    return found


def raised() -> Raised:
    """What Stripe said was paid, for all cases together."""
    together: Counter[str] = Counter()
    by_fund: dict[int | None, list[Money]] = defaultdict(list)
    for case_id, currency, minor in donations.totals_by_fund():
        by_fund[case_id].append(Money(minor, currency))
        together[currency] += minor
    sums = [Money(minor, currency) for currency, minor in sorted(together.items())]
    payments = select(func.count()).where(Payment.status == PaymentStatus.PAID)
    return Raised(sums, by_fund, db.session.scalar(payments) or 0, rates.about(sums))


def gift_sources() -> list[tuple[str, int]]:
    """How many donations that were paid came by each source code, the most first; those without one are left out."""
    named = select(Donation.source, func.count()).where(Donation.source.is_not(None), paid()).group_by(Donation.source)
    return sorted(
        ((str(source), count) for source, count in db.session.execute(named)), key=lambda row: (-row[1], row[0])
    )


def paid() -> ColumnElement[bool]:
    """That a donation was paid, once at least."""
    return exists().where(Payment.donation_id == Donation.id, Payment.status == PaymentStatus.PAID)


def givers(source: str) -> int:
    """How many donations came by a source code and were paid."""
    return db.session.scalar(select(func.count(Donation.id)).where(Donation.source == source, paid())) or 0


def dead_jobs() -> int:
    """How many promises of the site were given up."""
    return db.session.scalar(select(func.count()).where(Job.state == "dead")) or 0


def shares(counts: Mapping[str, int], *, most: int | None = None) -> list[Share]:
    """The parts by size, the largest first."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    largest = max((count for _, count in ranked), default=0) or 1
    return [Share(name, count, max(1, round(100 * count / largest))) for name, count in ranked]
