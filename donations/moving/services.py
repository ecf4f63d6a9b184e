"""The question to the donor of a regular gift whose case is over: asked once, answered once, by them or by time."""

import enum
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from cases.models import Case, CaseStatus
from core import clock, journal
from core.db import RowNotFound, db
from core.jobs import WISH, enqueue
from donations.models import Donation, Frequency
from donations.moving.models import Answer, FundQuestion
from donations.own_page import wishes
from donations.own_page.models import Donor
from donations.subscriptions import changes
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import Subscription, SubscriptionStatus

OVER = (CaseStatus.WON, CaseStatus.CLOSED)
NOT_RUNNING = (SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE)  # not any more, and not yet
MOVED_KIND = "donations.fund_moved"


class NotTheirs(RowNotFound):
    """No regular gift of this number, or none of this donor's."""


class AnsweredAlready(ValueError):
    """The question is closed: an answer came before, its last day is over, or there is nothing left to ask."""


class Stage(enum.StrEnum):
    """How a gift's question stands, for its page. over: its time is up, and the gift ends; kept: nothing is asked.

    unended: it was to end, and Stripe did not take that for a week."""

    OPEN = "open"
    MOVED = "moved"
    STOPPED = "stopped"
    SILENT = "silent"
    UNENDED = "unended"
    OVER = "over"
    KEPT = "kept"


@dataclass(frozen=True)
class Tally:
    """How many donors were asked because a case is over, by what they answered."""

    open: int = 0
    moved: int = 0
    stopped: int = 0
    silent: int = 0

    @property
    def asked(self) -> int:
        return self.open + self.moved + self.stopped + self.silent


def open_question(donation: Donation) -> FundQuestion | None:
    """What the donor of a gift must answer before anything is taken of it again; None where nothing is asked."""
    mine = (FundQuestion.donation_id == donation.id, FundQuestion.answered_at.is_(None))
    return db.session.scalar(select(FundQuestion).where(*mine).order_by(FundQuestion.asked_at.desc()).limit(1))


def questions(donation: Donation) -> list[FundQuestion]:
    """Everything that the donor of a gift was asked, the last question first."""
    mine = select(FundQuestion).where(FundQuestion.donation_id == donation.id)
    return list(db.session.scalars(mine.order_by(FundQuestion.asked_at.desc())))


def last_question(donation: Donation) -> FundQuestion | None:
    """What the donor of a gift was asked last, answered or not."""
    return next(iter(questions(donation)), None)


def was_asked(donation: Donation) -> bool:
    """Whether the donor of a gift has heard that its case is over."""
    mine = (FundQuestion.donation_id == donation.id, FundQuestion.case_id == donation.case_id)
    return db.session.scalar(select(FundQuestion.donation_id).where(*mine)) is not None


def get_gift(donor: Donor, public_id: str) -> Donation:
    """A regular gift of this very donor. Raises NotTheirs."""
    mine = (Donation.public_id == public_id, Donation.donor_id == donor.id, Donation.frequency != Frequency.ONCE)
    gift = db.session.scalar(select(Donation).where(*mine))
    if gift is None:
        raise NotTheirs(public_id)
    return gift


def stage(donation: Donation, question: FundQuestion | None) -> Stage:
    """How a gift stands with the last question about it; a gift that has ended otherwise is asked nothing."""
    standing = subscriptions.find(donation)
    ended = standing is not None and standing.status == SubscriptionStatus.CANCELED
    ends = ended or changes.Change.STOP in changes.under_way(donation)
    if question is not None and question.answer is not None:
        return Stage(question.answer) if ends or question.answer == Answer.MOVED else Stage.UNENDED
    if ends:
        return Stage.STOPPED
    if question is None or question.case.status not in OVER:
        return Stage.KEPT
    return Stage.OPEN if question.due_at > clock.now() else Stage.OVER


def move(question: FundQuestion, case: Case | None) -> None:
    """The donor's answer: the next payment goes to this case's fund (None: to the general one), those made stay where they are.

    The name comes off the old fund's wall, and on no other one: that was not agreed to. Raises AnsweredAlready."""
    close(question, Answer.MOVED, FundQuestion.due_at > clock.now())
    gift = question.donation
    told = {"donation": gift.public_id, "case": question.case_id, "named": gift.show_name}
    gift.case, gift.show_name, gift.show_badge = case, False, False
    db.session.flush()
    if told["named"]:
        journal.promise(wishes.UNLISTED, gift.public_id, priority=WISH)  # an old backup puts no name up again
    let_go(question)
    key = f"{MOVED_KIND}:{gift.public_id}:{question.case_id}:{question.asked_at.timestamp():.0f}"
    enqueue(MOVED_KIND, told, key=key, priority=WISH)


def stop(question: FundQuestion) -> None:
    """The donor's answer: nothing is taken any more. Raises AnsweredAlready."""
    close(question, Answer.STOPPED, FundQuestion.due_at > clock.now())
    changes.stop(question.donation)


def close(question: FundQuestion, answer: Answer, *conditions: Any) -> None:
    """Writes down the one answer that counts. Raises AnsweredAlready."""
    mine = (FundQuestion.donation_id == question.donation_id, FundQuestion.case_id == question.case_id)
    closed = update(FundQuestion).where(*mine, FundQuestion.answered_at.is_(None), *conditions)
    values = {"answered_at": clock.now(), "answer": answer}
    if db.session.execute(closed.values(values).returning(FundQuestion.donation_id)).scalar() is None:
        raise AnsweredAlready


def let_go(question: FundQuestion) -> None:
    """Ends the hold of a question: the gift goes on as before it, paused where its donor had paused it."""
    if not question.still_paused:
        changes.resume(question.donation, quietly=True)
    elif question.resumes_at is not None:  # a pause without an end is like the question's own: only the donor ends it
        changes.pause(question.donation, question.resumes_at, quietly=True)


def running(case: Case) -> int:
    """How many regular gifts go to a case's fund."""
    joined = (Subscription, Subscription.id == Donation.subscription_id)
    theirs = (Donation.case_id == case.id, Subscription.status.not_in(NOT_RUNNING))
    return db.session.scalar(select(func.count(Donation.id)).join(*joined).where(*theirs)) or 0


def tally(case: Case) -> Tally:
    """What the donors of a case that is over have answered so far."""
    counted = select(FundQuestion.answer, func.count()).where(FundQuestion.case_id == case.id)
    rows = db.session.execute(counted.group_by(FundQuestion.answer))
    return Tally(**{str(answer or "open"): count for answer, count in rows})
