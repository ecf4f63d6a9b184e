"""The comparison as a whole: fetch what was missed, bring it up to date, compare, report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from core.db import db
from donations.books import comparing, fetching
from donations.books.comparing import Difference, Sums
from donations.books.models import BalanceTransaction, Payout, Reconciliation


@dataclass(frozen=True)
class Report:
    """What a comparison found. `backfilled` events and `ended` sessions had been missed and are applied now."""

    since: datetime
    backfilled: int
    ended: int
    sums: dict[str, Sums]
    differences: Sequence[Difference]

    def as_dict(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(), "backfilled": self.backfilled, "ended": self.ended,
            "sums": {currency: of.as_dict() for currency, of in self.sums.items()},
            "differences": [{"kind": one.kind, "about": one.about, "sentence": one.sentence} for one in self.differences],
        }  # fmt: skip


def reconcile(since: datetime) -> Report:
    """Fetches, applies, compares and keeps the report. Commits by the way; raises a CheckoutError where Stripe is away."""
    backfilled, failed = fetching.backfill(since)
    ended = fetching.finish_sessions()
    fetching.send_requests()
    fetching.fetch_balance(since)
    differences = [*(_failed(event_id) for event_id in failed), *comparing.compare(since)]
    in_time = select(BalanceTransaction).where(BalanceTransaction.created_at >= since)
    report = Report(since, backfilled, ended, comparing.sums(db.session.scalars(in_time)), differences)
    db.session.add(Reconciliation(since=since, differences=len(differences), report=report.as_dict()))
    db.session.commit()
    return report


def newest() -> Reconciliation | None:
    """The last comparison; None before the first."""
    return db.session.scalar(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1))


def payouts(limit: int = 100) -> list[Payout]:
    """Payouts, the newest first."""
    return list(db.session.scalars(select(Payout).order_by(Payout.created_at.desc(), Payout.id).limit(limit)))


def find_payout(payout_id: str) -> Payout | None:
    return db.session.get(Payout, payout_id)


def _failed(event_id: str) -> Difference:
    sentence = _("The event %(id)s could not be applied; the log says why.", id=event_id)
    return Difference("event", event_id, sentence)
