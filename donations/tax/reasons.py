"""Why tax receipts are cancelled, and the sentence for each."""

import enum
from typing import Any

from flask_babel import lazy_gettext as _l

from donations.tax.models import TaxReceipt


class Reason(enum.StrEnum):
    """`restored` is money that was on its way back and came to us again."""

    REFUND = "refund"
    DISPUTE = "dispute"
    RESTORED = "restored"
    CORRECTED = "corrected"


SENTENCES = {
    Reason.REFUND: _l("A gift on it was given back, in whole or in part."),
    Reason.DISPUTE: _l("A payment on it is contested by the donor’s bank."),
    Reason.RESTORED: _l("More of a gift on it counts again: money that was on its way back came to us once more."),
    Reason.CORRECTED: _l("It was issued anew, since the name or the address on it was not right."),
}


def reason_of(receipt: TaxReceipt) -> Any:
    """The sentence, in the reader's language; blank while the receipt stands."""
    return SENTENCES[Reason(receipt.cancel_reason)] if receipt.cancelled_at else ""
