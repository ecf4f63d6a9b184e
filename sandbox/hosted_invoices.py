"""What a donor can do on an open invoice's own page: confirm for her bank, or pay with another card."""

from . import invoices, methods, payments, renewals
from .errors import InvalidRequest
from .jsons import Json
from .store import Ledger


def confirm(ledger: Ledger, invoice_id: str) -> None:
    """She told her bank that it is her (3-D Secure): the charge goes through."""
    invoice, intent = _open_invoice(ledger, invoice_id)
    payments.answered(ledger, intent)
    _succeed(ledger, invoice)


def refuse(ledger: Ledger, invoice_id: str) -> None:
    """She did not: the invoice stays open."""
    _, intent = _open_invoice(ledger, invoice_id)
    payments.refuse(ledger, intent, payments.NOT_CONFIRMED)


def pay(ledger: Ledger, invoice_id: str) -> None:
    """Another card is good."""
    _succeed(ledger, _start(ledger, invoice_id))


def decline(ledger: Ledger, invoice_id: str) -> None:
    """Another card is refused too."""
    invoice = _start(ledger, invoice_id)
    payments.fail(ledger, invoices.intent_of(ledger, invoice), payments.DECLINED)


def _succeed(ledger: Ledger, invoice: Json) -> None:
    of_subscription = invoice["parent"] is not None
    (renewals.paid if of_subscription else invoices.succeed)(ledger, invoice)


def _start(ledger: Ledger, invoice_id: str) -> Json:
    invoice, intent = _open_invoice(ledger, invoice_id)
    if intent["status"] == "processing":
        raise InvalidRequest("A bank debit for this invoice is still pending.")
    email, customer = invoice["customer_email"], invoice["customer"]
    payments.start_charge(ledger, intent, methods.new_method(ledger, "card", email=email, customer_id=customer))
    return invoice


def _open_invoice(ledger: Ledger, invoice_id: str) -> tuple[Json, Json]:
    invoice = ledger.get("invoice", invoice_id)
    if invoice["status"] != "open":
        raise InvalidRequest(f"This invoice is {invoice['status']}: there is nothing to pay.")
    return invoice, invoices.intent_of(ledger, invoice)
