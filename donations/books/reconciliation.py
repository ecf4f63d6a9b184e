"""Stripe's account and ours, brought together: missing events, stuck sessions, then every movement of the balance compared.

The movements are listed before the events, so that whatever money moved has had its event when the two are compared."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from core import alarms, audit, clock
from core.audit import AuditEntry
from core.db import db
from donations.books import backfill, chasing, fetching, keeping, lookup, stuck
from donations.books.amounts import text
from donations.books.comparison import Difference, compare
from donations.books.models import Payout
from donations.books.sentences import wrong_payout, wrong_sum
from donations.books.sums import PayoutCheck, Sums, by_currency, check_payout

USUAL_WINDOW = backfill.STRIPE_KEEPS
ACT = "books.reconciled"
MOST_TOLD = 20  # differences in one mail
MOST_KEPT = 200  # in the audit chain
PARTS = ("gross", "fees", "refunds", "disputes", "other", "net")


@dataclass(frozen=True)
class Report:
    """What a run found. `sums` of the window by settlement currency, Stripe's minor units."""

    since: datetime
    at: datetime
    seen: int
    applied: int
    asked: int
    sums: dict[str, Sums]
    payouts: list[PayoutCheck]
    differences: list[Difference]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": not self.differences,
            "since": self.since.isoformat(),
            "at": self.at.isoformat(),
            "events": {"seen": self.seen, "applied": self.applied},
            "asked": self.asked,
            "sums": {code: {part: getattr(sums, part) for part in PARTS} for code, sums in self.sums.items()},
            "payouts": [
                {
                    "id": c.payout.id,
                    "amount": c.payout.amount,
                    "currency": c.payout.currency,
                    "held": c.held,
                    "ok": c.right,
                }
                for c in self.payouts
            ],
            "differences": [vars(difference) for difference in self.differences],
            "notes": self.notes,
        }


def run(since: datetime | None = None, *, actor: str) -> Report:
    """One reconciliation since then (30 days); an alarm where something differs. Commits. Raises a CheckoutError."""
    now = clock.now()
    since = since or now - USUAL_WINDOW
    touched = fetching.fetch(since)
    filled, unstuck = backfill.run(since), stuck.run()
    touched |= chasing.chase(since)
    lines = lookup.families(touched)
    chasing.tie_renewals(lines)
    lines = lookup.families(touched)
    checks = [check_payout(payout, keeping.transactions_of(payout.id)) for payout in payouts_since(since)]
    sums = by_currency(line for line in lines if line.created_at >= since)
    differences = [
        *filled.failed, *unstuck.differences, *compare(lines, lookup.ledger_of(lines)), *chasing.still_missing(since),
        *(wrong_payout(check) for check in checks if check.right is False),
        *(wrong_sum(code, each) for code, each in sums.items() if each.expected != each.net),
    ]  # fmt: skip
    report = Report(since, now, filled.seen, filled.applied, unstuck.asked, sums, checks, differences, unstuck.notes)
    _tell(report, actor)
    db.session.commit()
    return report


def payouts_since(since: datetime) -> list[Payout]:
    """Payouts since then, the oldest first."""
    query = select(Payout).where(Payout.created_at >= since)
    return list(db.session.scalars(query.order_by(Payout.created_at, Payout.id)))


def last() -> AuditEntry | None:
    """The audit chain's entry of the newest run; None before the first."""
    newest = select(AuditEntry).where(AuditEntry.act == ACT).order_by(AuditEntry.id.desc())
    return db.session.scalar(newest.limit(1))


def shown(sums: Sums, currency: str) -> dict[str, str]:
    """Each part of the sums as a person reads it."""
    return {part: text(getattr(sums, part), currency) for part in PARTS}


def _tell(report: Report, actor: str) -> None:
    sentences = [difference.sentence for difference in report.differences]
    audit.record(
        ACT, "books", actor=actor, since=report.since.isoformat(), differences=sentences[:MOST_KEPT],
        count=len(sentences), notes=report.notes[:MOST_KEPT], applied=report.applied,
        sums={code: shown(sums, code) for code, sums in report.sums.items()},
    )  # fmt: skip
    if sentences:
        key = sha256("\n".join(sorted(sentences)).encode()).hexdigest()
        told = {f"{number:02}": sentence for number, sentence in enumerate(sentences[:MOST_TOLD], 1)}
        alarms.sound("books-differ", key, count=len(sentences), **told)


def window(days: int) -> datetime:
    """So many days ago."""
    return clock.now() - timedelta(days=days)
