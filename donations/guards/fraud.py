"""Early fraud warnings: kept by Stripe's id, alarmed once, shown in the office until an organiser has seen to each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, or_, select, update

from core import alarms, audit, clock
from core.db import RowNotFound, db, insert
from core.jobs import enqueue
from core.switches import switches
from donations.guards.models import FraudWarning
from donations.models import Donation, InvoicePayment, Payment

REFUND = "donations.refund_fraud"


class WarningNotFound(RowNotFound):
    """No such warning, or somebody has seen to it."""


def record(warning_id: str, *, payment_intent: str, charge: str, kind: str, at: datetime) -> None:
    """Keeps a warning with its alarm; where the switch says so its payment is promised back. A second time does nothing."""
    row = {"id": warning_id, "payment_intent": payment_intent, "charge": charge, "kind": kind, "created_at": at}
    new = insert(FraudWarning).values(row).on_conflict_do_nothing(index_elements=["id"]).returning(FraudWarning.id)
    if db.session.execute(new).scalar() is None:
        return
    alarms.sound("fraud-warning", warning_id, payment=payment_intent or charge, fraud=kind)
    if switches().refund_fraud:
        enqueue(REFUND, {"warning": warning_id}, key=f"{REFUND}:{warning_id}")


def unsettled() -> Sequence[Row[FraudWarning, Payment, Donation]]:
    """Each warning that nobody has seen to, with its payment and donation where they are known, the newest first."""
    invoice = select(InvoicePayment.invoice_id).where(InvoicePayment.payment_intent == FraudWarning.payment_intent)
    known = or_(
        Payment.stripe_id == FraudWarning.payment_intent, Payment.stripe_id == invoice.correlate(FraudWarning).scalar_subquery()
    )  # fmt: skip
    query = (
        select(FraudWarning, Payment, Donation)
        .select_from(FraudWarning)
        .outerjoin(Payment, known)
        .outerjoin(Payment.donation)
    )
    waits = query.where(FraudWarning.settled_at.is_(None))
    return db.session.execute(waits.order_by(FraudWarning.created_at.desc(), FraudWarning.id)).all()


def settle(warning_id: str, *, actor: str) -> None:
    """An organiser has seen to it. Raises WarningNotFound."""
    waits = (FraudWarning.id == warning_id, FraudWarning.settled_at.is_(None))
    closed = update(FraudWarning).where(*waits).values(settled_at=clock.now(), settled_by=actor)
    if db.session.execute(closed.returning(FraudWarning.id)).scalar() is None:
        raise WarningNotFound(warning_id)
    audit.record("fraud_warning.settled", warning_id, actor=actor)
