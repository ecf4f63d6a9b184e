"""What Stripe says of the balance, kept: a movement may become available and get its payout; nothing else of it changes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, select

from core import clock
from core.db import db, insert
from donations import reading
from donations.books.models import BalanceTransaction, Payout


def keep_transaction(stated: dict[str, Any], *, payout: str = "") -> str:
    """Keeps a balance transaction whose `source` was expanded; its id."""
    source = stated.get("source")
    behind = reading.mapping(source)
    row = {
        "id": reading.text(stated["id"]), "type": reading.text(stated["type"]),
        "category": reading.text(stated["reporting_category"]),
        "source": reading.text(behind.get("id") or source),
        "payment_intent": reading.text(behind.get("payment_intent")),
        "source_amount": behind.get("amount") or 0, "source_currency": reading.text(behind.get("currency")).upper(),
        "payout": payout, "amount": stated["amount"], "fee": stated["fee"], "net": stated["net"],
        "currency": stated["currency"].upper(), "available": stated["status"] == "available",
        "available_on": reading.moment(stated["available_on"]) or clock.now(),
        "created_at": reading.moment(stated["created"]) or clock.now(),
    }  # fmt: skip
    new = insert(BalanceTransaction).values(row)
    risen = {
        "available": BalanceTransaction.available | new.excluded.available,
        "payout": case((new.excluded.payout != "", new.excluded.payout), else_=BalanceTransaction.payout),
    }
    db.session.execute(new.on_conflict_do_update(index_elements=["id"], set_=risen))
    return str(row["id"])


def keep_payout(stated: dict[str, Any]) -> None:
    """Keeps a payout, or what has become of it since."""
    row = {
        "id": reading.text(stated["id"]), "amount": stated["amount"], "currency": stated["currency"].upper(),
        "status": reading.text(stated["status"])[:20], "automatic": bool(stated["automatic"]),
        "complete": stated.get("reconciliation_status") == "completed",
        "arrival_at": reading.moment(stated["arrival_date"]) or clock.now(),
        "created_at": reading.moment(stated["created"]) or clock.now(),
    }  # fmt: skip
    new = insert(Payout).values(row)
    changed = {name: getattr(new.excluded, name) for name in ("status", "complete", "arrival_at")}
    db.session.execute(new.on_conflict_do_update(index_elements=["id"], set_=changed))


def transactions_of(payout: str) -> Sequence[BalanceTransaction]:
    """The movements that a payout holds, its own among them, oldest first."""
    query = select(BalanceTransaction).where(BalanceTransaction.payout == payout)
    return db.session.scalars(query.order_by(BalanceTransaction.created_at, BalanceTransaction.id)).all()


def payouts(limit: int = 100) -> Sequence[Payout]:
    """The newest payouts first."""
    return db.session.scalars(select(Payout).order_by(Payout.created_at.desc(), Payout.id).limit(limit)).all()
