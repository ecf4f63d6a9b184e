"""How a donor and the office call one payment: the day that it was paid, and our number. Stripe's ids are not for donors."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, false

from donations.models import Payment

NUMBER = re.compile(r"(\d{8})-(\d{1,18})", re.ASCII)


def number_of(payment: Payment) -> str:
    """Of a paid payment, the same for ever: 20261129-57."""
    return f"{payment.paid_at or payment.created_at:%Y%m%d}-{payment.id}"


def is_called(number: str) -> ColumnElement[bool]:
    """Of the payment with this number; of none where it is no such number."""
    found = NUMBER.fullmatch(number)
    try:
        day = datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC) if found else None
    except ValueError:  # no day of any calendar
        day = None
    if found is None or day is None or day.year > 9000:
        return false()
    return and_(Payment.id == int(found[2]), Payment.paid_at >= day, Payment.paid_at < day + timedelta(days=1))
