"""Events that never arrived: Stripe lists those of the last 30 days, and they are applied as the webhook would."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from core import clock
from core.db import db, trace
from donations import handlers, stripe_gateway
from donations.books.comparison import Difference
from donations.books.sentences import failed_event
from donations.models import StripeEvent

log = logging.getLogger(__name__)

STRIPE_KEEPS = timedelta(days=30)
AT_ONCE = timedelta(days=1)  # bodies held in memory
MOST_TYPES = 20  # that Stripe takes in one question
PAGE = 100


@dataclass
class Backfill:
    """seen: events that Stripe listed; applied: those that were new here."""

    seen: int = 0
    applied: int = 0
    failed: list[Difference] = field(default_factory=list)


def run(since: datetime) -> Backfill:
    """Applies what is missing since then, oldest first, each in a commit of its own; one that fails stops no other."""
    report, now = Backfill(), clock.now()
    start = max(since, now - STRIPE_KEEPS)
    while start <= now:
        for event in _listed(start, start + AT_ONCE):
            report.seen += 1
            if not _known(str(event.get("id"))):
                _apply(event, report)
        start += AT_ONCE
    return report


def _listed(start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """A day's events, oldest first; Stripe lists the newest first."""
    types = sorted(handlers.HANDLERS)
    found: list[dict[str, Any]] = []
    for some in range(0, len(types), MOST_TYPES):
        asked = {
            "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
            "types": types[some : some + MOST_TYPES], "limit": PAGE,
        }  # fmt: skip
        found += stripe_gateway.each(lambda v1, asked=asked: v1.events.list(asked))  # type: ignore[misc]
    return iter(sorted(reversed(found), key=lambda event: event["created"]))


def _known(event_id: str) -> bool:
    return db.session.scalar(select(StripeEvent.id).where(StripeEvent.id == event_id)) is not None


def _apply(body: dict[str, Any], report: Backfill) -> None:
    try:
        handlers.apply(stripe_gateway.event_of(body))
        db.session.commit()
        report.applied += 1
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others must come
        db.session.rollback()
        log.error("event %s failed\n%s", body.get("id"), trace(error))
        report.failed.append(failed_event(str(body.get("id")), str(body.get("type"))))
