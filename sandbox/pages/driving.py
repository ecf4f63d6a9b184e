"""The driving page: what a bank, a calendar and a network do, on demand."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from .. import deliveries, paying, subscriptions
from ..context import current
from ..errors import NoSuchAddress
from ..jsons import Json
from ..store import Ledger

Drive = Callable[[Ledger, str], object]
MOST = 50

DRIVES: dict[tuple[str, str], Drive] = {
    ("sessions", "settle"): paying.settle,
    ("sessions", "fail"): paying.fail_debit,
    ("subscriptions", "renew"): subscriptions.renew,
    ("subscriptions", "fail"): subscriptions.fail_renewal,
    ("subscriptions", "cancel"): subscriptions.cancel,
    ("events", "again"): deliveries.send_again,
    ("webhooks", "hold"): lambda ledger, _: deliveries.hold(ledger, True),
    ("webhooks", "release"): lambda ledger, _: deliveries.hold(ledger, False),
}

DELIVERED_EVENTS = (
    "SELECT objects.id, json_extract(body, '$.type') AS type, created, attempts, delivered, next_attempt,"
    " last_status, last_error FROM objects JOIN deliveries ON deliveries.event = objects.id"
    " ORDER BY objects.seq DESC LIMIT ?"
)


def show() -> str:
    """The latest sessions and events with their buttons."""
    with current().store.reading() as ledger:
        sessions, _ = ledger.page("checkout.session", [], limit=MOST, cursor={})
        rows = [_row(ledger, session) for session in sessions]
        events = ledger.connection.execute(DELIVERED_EVENTS, (MOST,)).fetchall()
        held = deliveries.held(ledger)
    return render_template("driving.html", rows=rows, events=events, held=held, url=current().courier.url)


def _row(ledger: Ledger, session: Json) -> Json:
    hidden = ledger.hidden(session["id"])
    intent = ledger.find(hidden["intent"]) if hidden["intent"] else None
    return {
        "session": session,
        "line": hidden["lines"][0],
        "pending": session["status"] == "complete" and intent and intent["status"] == "processing",
        "subscription": ledger.find(session["subscription"]) if session["subscription"] else None,
    }


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
    pages.post("/drive/<kind>/<object_id>/<name>", endpoint="drive")(drive)
