"""The worker's part: asks the donors of cases that are over, holds their gifts meanwhile, and closes what nobody answers."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Row, delete, exists, or_, select

from cases.models import Case
from core import clock
from core.db import db, insert
from core.vault import SITE, vault
from core.worker import Tick
from donations import reading
from donations.models import Donation
from donations.moving import mails
from donations.moving import services as moving
from donations.moving.models import Answer, FundQuestion
from donations.seals import UNREADABLE
from donations.subscriptions import changes
from donations.subscriptions.changes import Change
from donations.subscriptions.models import Subscription, SubscriptionStatus

log = logging.getLogger(__name__)

TIME_TO_ANSWER = timedelta(days=30)
AT_ONCE = 50
TAKING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
PAUSING = (Change.PAUSE, Change.RESUME)

Wishes = list[dict[str, Any]]  # of one gift, under way at Stripe


def tend() -> bool:
    """Whether there was anything to do; each gift is a commit of its own."""
    return any([_see_to_open_ones(), _ask()])


def _see_to_open_ones() -> bool:
    """Questions that need no answer any more, or whose gift is not held."""
    status = Subscription.status
    joined = select(FundQuestion, Case.status.label("case"), status.label("gift")).join(FundQuestion.case)
    joined = joined.join(FundQuestion.donation).join(Subscription, Subscription.id == Donation.subscription_id)
    over, ended = Case.status.in_(moving.OVER), status == SubscriptionStatus.CANCELED
    due = FundQuestion.due_at <= clock.now()
    query = joined.where(FundQuestion.answered_at.is_(None), or_(ended, ~over, due, status.in_(TAKING)))
    rows = db.session.execute(query.order_by(FundQuestion.due_at)).all()
    wishes = changes.all_under_way() if rows else {}
    at_hand = list(islice(_acts(rows, wishes), AT_ONCE))
    if at_hand:
        vault().prepare(SITE)
    return any([_alone(act, row.FundQuestion) for act, row in at_hand])


def _acts(rows: Any, wishes: dict[str, Wishes]) -> Iterator[tuple[Callable[[FundQuestion], None], Row[Any]]]:
    for row in rows:
        theirs = wishes.get(row.FundQuestion.donation.public_id, [])
        if row.gift == SubscriptionStatus.CANCELED or _stops(theirs):
            yield _note_end, row
        elif row.case not in moving.OVER:
            yield _keep, row
        elif row.FundQuestion.due_at <= clock.now():
            yield _end_silent, row
        elif _last_pausing(theirs).get("change") != Change.PAUSE:
            yield _hold, row


def _alone(act: Callable[[FundQuestion], None], question: FundQuestion) -> bool:
    try:
        act(question)
    except moving.AnsweredAlready:  # by the donor, or another worker, this very moment
        db.session.rollback()
        return False
    db.session.commit()
    return True


def _note_end(question: FundQuestion) -> None:
    """The gift has ended otherwise, or its donor has stopped it on the own page."""
    moving.close(question, Answer.STOPPED)


def _keep(question: FundQuestion) -> None:
    """The case takes gifts again: the question was never to be asked, and the gift goes on as before."""
    gift, case_id = question.donation, question.case_id
    mine = (FundQuestion.donation_id == gift.id, FundQuestion.case_id == case_id, FundQuestion.answered_at.is_(None))
    gone = delete(FundQuestion).where(*mine).returning(FundQuestion.donation_id)
    if db.session.execute(gone, execution_options={"synchronize_session": False}).scalar() is None:
        raise moving.AnsweredAlready
    moving.let_go(question)
    _write(mails.write_kept, question)
    db.session.expunge(question)


def _end_silent(question: FundQuestion) -> None:
    """The mail that the gift has ended says why."""
    moving.close(question, Answer.SILENT, FundQuestion.due_at <= clock.now())
    changes.stop(question.donation)


def _hold(question: FundQuestion) -> None:
    """Somebody let the gift go on elsewhere: nothing may be taken for a case that is over."""
    changes.pause(question.donation, None, quietly=True)


def _ask() -> bool:
    asked = exists(FundQuestion.donation_id).where(
        FundQuestion.donation_id == Donation.id, FundQuestion.case_id == Donation.case_id,
        or_(FundQuestion.answer.is_(None), FundQuestion.answer != Answer.MOVED),  # who moved may have come back since
    )  # fmt: skip
    gifts = select(Donation, Subscription).join(Subscription, Subscription.id == Donation.subscription_id)
    over = gifts.join(Donation.case).where(Case.status.in_(moving.OVER), ~asked)
    query = over.where(Subscription.status.not_in(moving.NOT_RUNNING)).order_by(Donation.id)
    if db.session.execute(query.limit(1)).first() is None:
        return False
    vault().prepare(SITE)
    wishes = changes.all_under_way()
    stopping = [public_id for public_id, theirs in wishes.items() if _stops(theirs)]
    rows = db.session.execute(query.where(Donation.public_id.not_in(stopping)).limit(AT_ONCE)).all()
    return any([_ask_one(gift, standing, wishes.get(gift.public_id, [])) for gift, standing in rows])


def _ask_one(gift: Donation, standing: Subscription, wishes: Wishes) -> bool:
    moment, own_pause = clock.now(), _own_pause(standing, wishes)
    row = {
        "donation_id": gift.id, "case_id": gift.case_id, "asked_at": moment, "due_at": moment + TIME_TO_ANSWER,
        "answered_at": None, "answer": None, **own_pause,
    }  # fmt: skip
    new = insert(FundQuestion).values(row)
    anew = {name: new.excluded[name] for name in row if name not in ("donation_id", "case_id")}
    kept = new.on_conflict_do_update(
        index_elements=["donation_id", "case_id"], set_=anew, where=FundQuestion.answer == Answer.MOVED
    )
    asked = db.session.execute(kept.returning(FundQuestion.donation_id)).scalar() is not None
    if asked:
        changes.pause(gift, None, quietly=True)
        question = db.session.get_one(FundQuestion, (gift.id, gift.case_id), populate_existing=True)
        _write(mails.write_question, question)
    db.session.commit()
    return asked


def _own_pause(standing: Subscription, wishes: Wishes) -> dict[str, Any]:
    """The donor's own pause, though Stripe may not know of it yet."""
    wish = _last_pausing(wishes)
    if not wish:
        paused = standing.status == SubscriptionStatus.PAUSED
        return {"was_paused": paused, "resumes_at": standing.resumes_at if paused else None}
    return {"was_paused": wish["change"] == Change.PAUSE, "resumes_at": reading.moment(wish.get("until"))}


def _stops(wishes: Wishes) -> bool:
    return any(wish["change"] == Change.STOP for wish in wishes)


def _last_pausing(wishes: Wishes) -> dict[str, Any]:
    return next((wish for wish in reversed(wishes) if wish["change"] in PAUSING), {})


def _write(letter: Callable[[FundQuestion], None], question: FundQuestion) -> None:
    try:
        letter(question)
    except UNREADABLE:  # nothing is taken for a case that is over, even from whom nobody can write to
        log.error("the donor of %s cannot be opened, and is not asked", question.donation.public_id)


TICKS = (Tick(tend, every=30.0),)
