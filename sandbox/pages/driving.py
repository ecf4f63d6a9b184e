"""The driving page: what a bank, a calendar and a network do, on demand."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from .. import deliveries, disputes, methods, paying, payouts, refunds, renewals, subscriptions, switches
from ..context import current
from ..errors import NoSuchAddress
from ..store import Ledger
from . import board

Drive = Callable[[Ledger, str], object]

DRIVES: dict[tuple[str, str], Drive] = {
    ("sessions", "settle"): paying.settle,
    ("sessions", "fail"): paying.fail_debit,
    ("subscriptions", "renew"): renewals.renew,
    ("subscriptions", "fail"): renewals.fail,
    ("subscriptions", "ask"): renewals.ask,
    ("subscriptions", "give-up"): renewals.give_up,
    ("subscriptions", "settle"): renewals.settle,
    ("subscriptions", "bounce"): renewals.bounce,
    ("subscriptions", "cancel"): subscriptions.cancel,
    ("subscriptions", "withdraw"): methods.withdraw_mandate,
    ("charges", "refund"): lambda ledger, charge: refunds.create(ledger, {"charge": charge}),
    ("charges", "inquire"): disputes.inquire,
    ("charges", "dispute"): disputes.open_,
    ("charges", "warn"): disputes.warn,
    ("disputes", "escalate"): disputes.escalate,
    ("disputes", "win"): disputes.win,
    ("disputes", "lose"): disputes.lose,
    ("refunds", "settle"): refunds.settle,
    ("refunds", "fail"): refunds.fail,
    ("balance", "payout"): lambda ledger, _: payouts.pay_out(ledger),
    ("events", "again"): deliveries.send_again,
    ("webhooks", "hold"): lambda ledger, _: switches.turn(ledger, "hold", 1),
    ("webhooks", "release"): lambda ledger, _: switches.turn(ledger, "hold", 0),
    ("switches", "reset"): lambda ledger, _: switches.reset(ledger),
}


def show() -> str:
    """The switches, the latest of everything, and the buttons."""
    with current().store.reading() as ledger:
        shown = board.everything(ledger)
    return render_template("driving.html", **shown, url=current().courier.url)


def switch(name: str, value: int) -> Response:
    """Set a switch and show the page again."""
    if name not in switches.USUAL:
        raise NoSuchAddress(f"There is no switch called {name}.")
    with current().store.writing() as ledger:
        switches.turn(ledger, name, value)
    return redirect(url_for("pages.driving"), 303)


def drive(kind: str, object_id: str, name: str) -> Response:
    """Do what the button says and show the page again."""
    if (kind, name) not in DRIVES:
        raise NoSuchAddress(f"There is no button called {name}.")
    with current().store.writing() as ledger:
        DRIVES[kind, name](ledger, object_id)
    return redirect(url_for("pages.driving"), 303)


def register(pages: Blueprint) -> None:
    """Hang the routes into the pages."""
    pages.get("/", endpoint="driving")(show)
    pages.post("/drive/switches/<name>/<int:value>", endpoint="switch")(switch)
    pages.post("/drive/<kind>/<object_id>/<name>", endpoint="drive")(drive)
