"""The stand-in for Checkout's hosted page."""

from collections.abc import Callable

from flask import Blueprint, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from .. import checkout, methods, paying
from ..context import current
from ..errors import NoSuchAddress
from ..jsons import Json
from ..store import Ledger
from .targets import origin

Act = Callable[[Ledger, str], Json]


def _go_back(ledger: Ledger, session_id: str) -> Json:
    return ledger.get("checkout.session", session_id)  # leaving does not end a session


ACTS: dict[str, Act] = {
    "pay": paying.pay,
    "decline": paying.decline,
    "paypal": paying.redirect,
    "approve": paying.approve,
    "refuse": paying.refuse,
    "debit": paying.debit,
    "expire": checkout.expire,
    "cancel": _go_back,
}
PAYS = ("pay", "approve")


def show(session_id: str) -> str:
    """What is to be paid, with one button for each thing that can happen."""
    with current().store.reading() as ledger:
        session = ledger.get("checkout.session", session_id)
        hidden = ledger.hidden(session_id)
        intent = ledger.find(hidden["intent"]) if hidden["intent"] else None
    back = {"success": success_url(session), "cancel": session["cancel_url"]}
    g.form_targets = [origin(url) for url in back.values() if url]
    debit = methods.debit_of(session["payment_method_types"])
    label = methods.MEANS[debit].label if debit else None
    return render_template("pay.html", session=session, lines=hidden["lines"], intent=intent, back=back, debit=label)


def show_redirect(session_id: str) -> str:
    """The stand-in for a payment provider's own page, which knows yes and no."""
    with current().store.reading() as ledger:
        session = ledger.get("checkout.session", session_id)
    g.form_targets = [origin(success_url(session))]
    return render_template("redirect.html", session=session)


def act(session_id: str, name: str) -> Response:
    """Do what the button says, then go where Checkout would go."""
    if name not in ACTS:
        raise NoSuchAddress(f"There is no button called {name}.")
    with current().store.writing() as ledger:
        session = ledger.get("checkout.session", session_id)
        if not (name in PAYS and session["status"] == "complete"):  # a double click pays once
            session = ACTS[name](ledger, session_id)
    return redirect(_next_address(session, name), 303)


def success_url(session: Json) -> str:
    """Where a donor is sent who has paid."""
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def _next_address(session: Json, name: str) -> str:
    if session["status"] == "complete":
        return success_url(session)
    if name == "cancel" and session["cancel_url"]:
        return session["cancel_url"]
    if name == "paypal":
        return url_for("pages.redirect", session_id=session["id"])
    return url_for("pages.pay", session_id=session["id"])


def register(pages: Blueprint) -> None:
    """Hang the routes into the pages."""
    pages.get("/c/pay/<session_id>", endpoint="pay")(show)
    pages.get("/c/redirect/<session_id>", endpoint="redirect")(show_redirect)
    pages.post("/c/pay/<session_id>/<name>", endpoint="act")(act)
