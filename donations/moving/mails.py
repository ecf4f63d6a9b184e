"""What the donor of a regular gift is written when its case is over, when they have answered, and when it takes gifts again."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from cases import veil
from cases.models import CaseStatus
from core import clock
from core.db import db
from core.jobs import Handler, Job
from donations import funds, letters
from donations.models import Donation
from donations.moving.models import FundQuestion
from donations.moving.services import MOVED_KIND
from donations.subscriptions import services as subscriptions


def write_question(question: FundQuestion) -> None:
    """Promises the question itself, with the link to the page where it is answered. The worker only, as all of these."""
    _write(
        question,
        "fund_question",
        won=question.case.status == CaseStatus.WON,
        day=_day(question.due_at, question.donation),
    )


def write_kept(question: FundQuestion) -> None:
    """Promises the news that nothing is left to answer: the case takes gifts again, and this one goes on."""
    _write(question, "fund_kept", **_coming(question))


def send_moved(job: Job) -> None:
    """Promises the confirmation of an answer: where the gift goes from now on, and when next."""
    gift = db.session.scalars(select(Donation).where(Donation.public_id == job.args["donation"])).one()
    question = db.session.get_one(FundQuestion, (gift.id, job.args["case"]))
    fund = funds.name_of(gift.case) if gift.case else ""
    _write(question, "fund_moved", fund=fund, named=job.args["named"], **_coming(question))


def _write(question: FundQuestion, template: str, **about: Any) -> None:
    gift = question.donation
    standing = subscriptions.find(gift)
    amount = standing.money_in(gift.currency) if standing else gift.money
    context = {
        "amount": amount.text(gift.language),
        "case": veil.told(question.case, question.case.title),
        "number": gift.public_id,
        **about,
    }
    key = f"{gift.public_id}:{question.case_id}:{question.asked_at.timestamp():.0f}"
    letters.write(gift, template, key=key, context=context)


def _coming(question: FundQuestion) -> dict[str, Any]:
    """When the next payment is due, or until when the donor's own pause lasts; blank where nobody knows."""
    gift, paused = question.donation, question.still_paused
    standing = subscriptions.find(gift)
    due = standing.period_end if standing and not paused else None
    return {
        "paused": paused,
        "resumes_on": _day(question.resumes_at, gift) if paused else "",
        "next_on": _day(due, gift) if due and due > clock.now() else "",
    }


def _day(moment: datetime | None, gift: Donation) -> str:
    return clock.day(moment.date(), gift.language) if moment else ""


JOBS: dict[str, Handler] = {MOVED_KIND: send_moved}
