"""What is sealed in a tax receipt: the name and the postal address that stand on it, as they were when it was issued."""

from core.vault import SITE, Sealed, vault
from donations.tax.models import TaxReceipt

SEALED_CONTEXT = "undersigned/tax-receipt/v1"


def open_receipt(receipt: TaxReceipt) -> dict[str, str]:
    """Name and address of a receipt; office and worker only."""
    sealed = Sealed(receipt.key_id, receipt.data_key_id, receipt.blob or b"")
    return vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=receipt.public_id)
