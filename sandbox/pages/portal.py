"""The stand-in for the customer portal's pages."""

from collections.abc import Callable

from flask import Blueprint, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from .. import portal
from ..context import current
from ..errors import NoSuchAddress
from ..jsons import Json
from ..store import Ledger
from .targets import origin

ACTS: dict[str, Callable[[Ledger, str, str], Json]] = {"cancel": portal.cancel, "keep": portal.keep}


def show(session_id: str) -> str:
    """The customer's card and subscriptions, and what the configuration lets her do."""
    with current().store.reading() as ledger:
        session = ledger.get("billing_portal.session", session_id)
        customer = ledger.get("customer", session["customer"])
        rows = [_row(ledger, subscription, customer) for subscription in portal.subscriptions_of(ledger, session)]
        features = portal.features_of(ledger, session)
    g.form_targets = [origin(url) for url in _ways_back(session)]
    return render_template("portal.html", session=session, customer=customer, rows=rows, features=features)


def update_card(session_id: str) -> Response:
    """Take another card, then go where the flow says."""
    with current().store.writing() as ledger:
        session = portal.update_card(ledger, session_id)
    after = (session["flow"] or {}).get("after_completion", {})
    if after.get("redirect"):
        return redirect(after["redirect"]["return_url"], 303)
    return redirect(url_for("pages.portal", session_id=session_id), 303)


def act(session_id: str, subscription_id: str, name: str) -> Response:
    """Do what the button says and show the portal again."""
    if name not in ACTS:
        raise NoSuchAddress(f"There is no button called {name}.")
    with current().store.writing() as ledger:
        ACTS[name](ledger, session_id, subscription_id)
    return redirect(url_for("pages.portal", session_id=session_id), 303)


def _row(ledger: Ledger, subscription: Json, customer: Json) -> Json:
    method = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return {"subscription": subscription, "method": ledger.find(method) if method else None}


def _ways_back(session: Json) -> list[str]:
    after = (session["flow"] or {}).get("after_completion", {}).get("redirect") or {}
    return [url for url in (session["return_url"], after.get("return_url")) if url]


def register(pages: Blueprint) -> None:
    """Hang the routes into the pages."""
    pages.get("/p/session/<session_id>", endpoint="portal")(show)
    pages.post("/p/session/<session_id>/card", endpoint="update_card")(update_card)
    pages.post("/p/session/<session_id>/<subscription_id>/<name>", endpoint="act_in_portal")(act)
