"""The stand-in for Stripe's hosted invoice page, where a bank's question is answered too."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from .. import hosted_invoices, invoices
from ..context import current
from ..errors import NoSuchAddress
from ..store import Ledger

ACTS: dict[str, Callable[[Ledger, str], None]] = {
    "confirm": hosted_invoices.confirm,
    "refuse": hosted_invoices.refuse,
    "pay": hosted_invoices.pay,
    "decline": hosted_invoices.decline,
}


def show(invoice_id: str) -> str:
    """What is to be paid, and what can be done about it."""
    with current().store.reading() as ledger:
        invoice = ledger.get("invoice", invoice_id)
        if invoice["status"] == "draft":
            raise NoSuchAddress("A draft has no page yet.")
        intent = invoices.intent_of(ledger, invoice)
    return render_template("invoice.html", invoice=invoice, intent=intent)


def act(invoice_id: str, name: str) -> Response:
    """Do what the button says and show the invoice again."""
    if name not in ACTS:
        raise NoSuchAddress(f"There is no button called {name}.")
    with current().store.writing() as ledger:
        ACTS[name](ledger, invoice_id)
    return redirect(url_for("pages.invoice", invoice_id=invoice_id), 303)


def register(pages: Blueprint) -> None:
    """Hang the routes into the pages."""
    pages.get("/i/<invoice_id>", endpoint="invoice")(show)
    pages.post("/i/<invoice_id>/<name>", endpoint="act_on_invoice")(act)
