"""How long the name and address on a tax receipt are kept: ten calendar years after that of issue. The row stays."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update

from core.db import db
from donations.tax.models import TaxReceipt

YEARS = 10  # what a tax office may look back on, and some more


def forget(moment: datetime) -> int:
    """Empties the receipts whose time is over; how many. Commits."""
    emptied = update(TaxReceipt).where(*_due(moment)).values(blob=None, key_id="", data_key_id="")
    ids = db.session.scalars(emptied.returning(TaxReceipt.id), execution_options={"synchronize_session": False}).all()
    db.session.commit()
    return len(ids)


def overdue(moment: datetime) -> int:
    """How many receipts are kept beyond their time."""
    return db.session.scalar(select(func.count()).select_from(TaxReceipt).where(*_due(moment))) or 0


def _due(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return TaxReceipt.year < moment.year - YEARS, TaxReceipt.blob.is_not(None)
