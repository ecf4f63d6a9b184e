"""Issued receipts as organisers look them up: listed without names; a name is opened by a press that the audit chain notes."""

from collections.abc import Sequence

from sqlalchemy import select

from core import audit
from core.db import RowNotFound, db
from core.jobs import enqueue
from donations.tax.models import TaxReceipt
from donations.tax.seals import open_receipt

CORRECT = "donations.tax_anew"


class ReceiptNotFound(RowNotFound):
    """No tax receipt has this number."""


class CancelledAlready(ValueError):
    """The receipt counts no more."""


class NameGone(LookupError):
    """The years are over that the name on a receipt is kept."""


def latest(*, limit: int, before: int | None = None) -> Sequence[TaxReceipt]:
    """The receipts that were issued last, the newest first; `before`: those before this id."""
    query = select(TaxReceipt).order_by(TaxReceipt.id.desc()).limit(limit)
    if before is not None:
        query = query.where(TaxReceipt.id < before)
    return db.session.scalars(query).all()


def get(public_id: str) -> TaxReceipt:
    """Raises ReceiptNotFound."""
    found = db.session.scalar(select(TaxReceipt).where(TaxReceipt.public_id == public_id))
    if found is None:
        raise ReceiptNotFound(public_id)
    return found


def ask_anew(receipt: TaxReceipt, *, actor: str) -> None:
    """Asks the worker to cancel a receipt and issue it anew, with name and address of now. Raises CancelledAlready."""
    if receipt.cancelled_at:
        raise CancelledAlready(receipt.name)
    audit.record("tax_receipt.anew", receipt.name, actor=actor)
    enqueue(CORRECT, {"receipt": receipt.public_id}, key=f"{CORRECT}:{receipt.public_id}")


def open_name(receipt: TaxReceipt, *, actor: str) -> dict[str, str]:
    """Name and address on a receipt; the audit chain keeps who looked, not what was seen. Raises NameGone. Office only."""
    if receipt.blob is None:
        raise NameGone(receipt.name)
    audit.record("tax_receipt.opened", receipt.name, actor=actor)
    return open_receipt(receipt)
