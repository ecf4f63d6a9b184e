"""Asks Stripe for the balance's movements and the payouts since a day, and keeps them. One commit for each page's worth."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import select

from core.db import db
from donations import stripe_gateway
from donations.books import keeping
from donations.books.models import Payout

PAGE = 100
SOURCE = ["data.source"]
ENDED = ("paid", "failed", "canceled")


def fetch(since: datetime) -> set[str]:
    """Keeps everything since then, and whatever the payouts since then hold; the ids of the movements. Commits."""
    created = {"gte": int(since.timestamp())}
    asked = {"created": created, "limit": PAGE, "expand": SOURCE}
    listed = stripe_gateway.each(lambda v1: v1.balance_transactions.list(asked))
    touched = _keep(listed, keeping.keep_transaction)
    _keep(stripe_gateway.each(lambda v1: v1.payouts.list({"created": created, "limit": PAGE})), keeping.keep_payout)
    for payout in _open_payouts(since):
        touched |= _fetch_payout(payout)
    return touched


def _open_payouts(since: datetime) -> list[Payout]:
    """Those that may have changed since they were kept."""
    changing = Payout.automatic & (Payout.complete.is_(False) | Payout.status.not_in(ENDED))
    found = list(db.session.scalars(select(Payout).where((Payout.created_at >= since) | changing)))
    db.session.expunge_all()
    db.session.rollback()  # no connection is held while Stripe thinks
    return found


def _fetch_payout(payout: Payout) -> set[str]:
    keeping.keep_payout(stripe_gateway.ask(lambda v1: v1.payouts.retrieve(payout.id), patiently=True))
    db.session.commit()
    if not payout.automatic:  # of one by hand Stripe does not say what it holds
        return set()
    asked = {"payout": payout.id, "limit": PAGE, "expand": SOURCE}
    held = stripe_gateway.each(lambda v1: v1.balance_transactions.list(asked))
    return _keep(held, lambda stated: keeping.keep_transaction(stated, payout=payout.id))


def _keep(listed: Iterable[dict[str, Any]], keep: Callable[[dict[str, Any]], Any]) -> set[Any]:
    """Reads a page, then writes it: nothing is locked while Stripe thinks."""
    kept, left = set(), iter(listed)
    while page := list(islice(left, PAGE)):
        kept |= {keep(stated) for stated in page}
        db.session.commit()
    return kept
