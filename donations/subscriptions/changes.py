"""What a donor changes about a regular gift: promised in the request, done at Stripe by the worker, however long that is away.

Of two wishes of the same kind the later decides, in whatever order workers come to them."""

import enum
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import clock
from core.db import db
from core.jobs import WISH, Handler, Job, enqueue
from core.money import Money
from donations import letters, reading, stripe_gateway
from donations.models import Donation
from donations.seals import UNREADABLE
from donations.subscriptions import handlers, turns
from donations.subscriptions import services as subscriptions
from donations.subscriptions.models import Subscription, SubscriptionStatus

log = logging.getLogger(__name__)

KIND, LAPSED = "donations.change", "donations.change_lapsed"


class NotHeardOf(LookupError):
    """Stripe has not told us of this gift's subscription yet; its news are on the way."""


class Change(enum.StrEnum):
    """What becomes of a regular gift; a pause ends by itself, or by `resume`."""

    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    AMOUNT = "amount"


ABOUT = {Change.STOP: "stop", Change.PAUSE: "pause", Change.RESUME: "pause", Change.AMOUNT: "amount"}


def stop(donation: Donation, *, quietly: bool = False) -> None:
    """Promises that nothing more is taken. Its donor is told by the mail that the gift has ended."""
    _promise(donation, Change.STOP, quietly=quietly)


def pause(donation: Donation, until: datetime | None, *, quietly: bool = False) -> None:
    """Promises that nothing is taken until that day; None: until it is resumed. `quietly`: no mail says so."""
    _promise(donation, Change.PAUSE, until=int(until.timestamp()) if until else None, quietly=quietly)


def resume(donation: Donation, *, quietly: bool = False) -> None:
    """Promises that the next payment is taken when it is due."""
    _promise(donation, Change.RESUME, quietly=quietly)


def set_amount(donation: Donation, money: Money) -> None:
    """Promises that so much is taken from the next payment on."""
    _promise(donation, Change.AMOUNT, amount=money.minor)


def under_way(donation: Donation) -> list[Change]:
    """What was asked for and Stripe has not confirmed yet."""
    mine = Job.key.startswith(f"{KIND}:{donation.public_id}:", autoescape=True)
    waiting = select(Job.args).where(mine, Job.state.in_(("queued", "running"))).order_by(Job.id)
    return [Change(args["change"]) for args in db.session.scalars(waiting)]


def all_under_way() -> dict[str, list[dict[str, Any]]]:
    """What was asked for of every gift and Stripe has not confirmed yet, by the gift's number, the oldest wish first."""
    waiting = select(Job.args).where(Job.state.in_(("queued", "running")), Job.kind == KIND).order_by(Job.id)
    found: dict[str, list[dict[str, Any]]] = {}
    for args in db.session.scalars(waiting):
        found.setdefault(args["donation"], []).append(args)
    return found


def _promise(donation: Donation, change: Change, **args: Any) -> None:
    key = f"{KIND}:{donation.public_id}:{ABOUT[change]}:{secrets.token_hex(6)}"
    wish = {"donation": donation.public_id, "change": str(change), **args}
    if not args.get("quietly"):  # of a hold of ours its donor was told nothing that would be false now
        wish["otherwise"] = (LAPSED, {**wish, "wish": key})
    enqueue(KIND, wish, key=key, priority=WISH)


def carry_out(job: Job) -> None:
    """Makes a promised change at Stripe, and tells the donor.

    Raises StripeAway, NotItsTurn, NotHeardOf, to be tried again."""
    donation, change = donation_of(job), Change(job.args["change"])
    standing = subscriptions.find(donation)
    if standing is None:
        raise NotHeardOf(donation.public_id)
    subscription_id = standing.id
    turns.take(standing, job)
    try:
        if standing.status != SubscriptionStatus.CANCELED and not overtaken(job, donation, change):
            _make(job, donation, change, standing)
    except (
        stripe_gateway.StripeRefused,
        stripe_gateway.StripeUnwilling,
    ):  # answered: nothing is still on its way there
        db.session.rollback()
        turns.give_back(subscription_id, job)
        db.session.commit()
        raise
    turns.give_back(subscription_id, job)


def _make(job: Job, donation: Donation, change: Change, standing: Subscription) -> None:
    reported = CHANGES[change](donation, standing, job.args)
    if reported.status == SubscriptionStatus.CANCELED:
        subscriptions.record(reported, at=clock.now())
        return
    subscriptions.take_answer(reported)
    if not job.args.get("quietly"):
        tell_changed(donation, change, reported, job.public_id)


def _stop(donation: Donation, standing: Subscription, args: dict[str, Any]) -> subscriptions.Reported:
    """Done when Stripe says that it has ended, or that there is none; any other answer is no end."""
    ended = subscriptions.Reported(
        standing.id, standing.customer_id, SubscriptionStatus.CANCELED, standing.amount, standing.period_end, None
    )
    db.session.commit()  # no lock is held while Stripe thinks
    try:
        answer = stripe_gateway.ask(lambda v1: v1.subscriptions.cancel(ended.id), patiently=True)
    except stripe_gateway.StripeRefused:  # it may have ended already: Stripe then knows it no more, or says so
        try:
            answer = stripe_gateway.ask(lambda v1: v1.subscriptions.retrieve(ended.id), patiently=True)
        except stripe_gateway.StripeHasNone:
            return ended
    status = reading.text(answer.get("status"))
    if handlers.STATUSES.get(status) != SubscriptionStatus.CANCELED:
        raise stripe_gateway.StripeFailing(f"asked to end it, Stripe says {status}")
    return replace(ended, why=reading.text(reading.mapping(answer.get("cancellation_details")).get("reason")))


def _pause(donation: Donation, standing: Subscription, args: dict[str, Any]) -> subscriptions.Reported:
    until = args.get("until")
    if until and until <= clock.now().timestamp():  # Stripe was away until its end
        return _resume(donation, standing, args)
    behaviour = {"behavior": "void"} | ({"resumes_at": until} if until else {})
    return _update(standing.id, {"pause_collection": behaviour})


def _resume(donation: Donation, standing: Subscription, args: dict[str, Any]) -> subscriptions.Reported:
    return _update(standing.id, {"pause_collection": ""})


def _set_amount(donation: Donation, standing: Subscription, args: dict[str, Any]) -> subscriptions.Reported:
    subscription_id, money = standing.id, Money(args["amount"], donation.currency)
    subscriptions.agree(donation, money.minor)
    db.session.commit()  # agreed to before Stripe can take it
    now = stripe_gateway.ask(lambda v1: v1.subscriptions.retrieve(subscription_id), patiently=True)
    item = now["items"]["data"][0]
    price = {
        "currency": money.currency.lower(), "unit_amount": money.stripe_minor, "product": item["price"]["product"],
        "recurring": {"interval": item["price"]["recurring"]["interval"]},
    }  # fmt: skip
    items = [{"id": item["id"], "price_data": price}]
    return _update(subscription_id, {"items": items, "proration_behavior": "none"})


CHANGES: dict[Change, Callable[[Donation, Subscription, dict[str, Any]], subscriptions.Reported]] = {
    Change.STOP: _stop, Change.PAUSE: _pause, Change.RESUME: _resume, Change.AMOUNT: _set_amount,
}  # fmt: skip


def _update(subscription_id: str, wish: Any) -> subscriptions.Reported:
    db.session.commit()  # no lock is held while Stripe thinks
    return _read(stripe_gateway.ask(lambda v1: v1.subscriptions.update(subscription_id, wish), patiently=True))


def _read(answer: dict[str, Any]) -> subscriptions.Reported:
    reported = handlers.read(answer)
    if reported is None:
        raise stripe_gateway.StripeFailing(f"a subscription in a state that we do not know: {answer.get('status')}")
    return reported


def donation_of(job: Job) -> Donation:
    """The gift that a wish is about."""
    return db.session.scalars(select(Donation).where(Donation.public_id == job.args["donation"])).one()


def overtaken(job: Job, donation: Donation, change: Change) -> bool:
    """Whether the donor has wished otherwise since."""
    about = Job.key.startswith(f"{KIND}:{donation.public_id}:{ABOUT[change]}:", autoescape=True)
    return db.session.scalar(select(Job.id).where(about, Job.id > job.id).limit(1)) is not None


def tell_changed(donation: Donation, change: Change, standing: subscriptions.Reported | Subscription, key: str) -> None:
    """Promises the news that a wish is fulfilled. Nothing is asked of Stripe again because a donor cannot be written to."""
    language = donation.language
    context = {
        "change": str(change),
        "amount": Money(standing.amount, donation.currency).text(language),
        "frequency": str(donation.frequency),
        "resumes_on": clock.day(standing.resumes_at.date(), language) if standing.resumes_at else "",
        "next_on": clock.day(standing.period_end.date(), language) if standing.period_end else "",
    }
    try:
        letters.write(donation, "gift_changed", key=key, context=context)
    except UNREADABLE:
        log.error("the donor of %s cannot be opened, and is not told of a change", donation.public_id)


JOBS: dict[str, Handler] = {KIND: carry_out}
