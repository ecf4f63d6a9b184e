"""Never write to me again, from the link in any mail, or no more news of a petition: one press, also by a mail program
(RFC 8058), and its undoing.

A list's secret is another than the mailbox's own: it ends what it was made for, whichever page it is brought to."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from limits import parse

from core import unsubscribes
from core.db import db
from core.forms import PublicForm
from core.guards import from_anywhere
from core.limits import own_bucket_within
from pages.views import pages

STOPS = parse("3000/hour")  # a large provider presses for all its users from few networks
LIST = "/unsubscribe/<any(updates):of>"
PRESSED = {"List-Unsubscribe": "One-Click", "stop": "yes"}  # the mail program's body, and our button's


class AllowForm(PublicForm):
    """One button."""


@pages.get("/unsubscribe/<secret>")
@pages.get(f"{LIST}/<secret>")
def unsubscribe(secret: str, of: str = "") -> ResponseReturnValue:
    return _page(secret, of, AllowForm(formdata=None))


@pages.post("/unsubscribe/<secret>")
@pages.post(f"{LIST}/<secret>")
@from_anywhere
def stop_mails(secret: str, of: str = "") -> ResponseReturnValue:
    """Whoever holds the link stops the mails: no origin and no form token is asked for. A repeated press shows the same."""
    unsubscribes.check(secret)
    if not any(request.form.get(name) == value for name, value in PRESSED.items()):
        return _page(secret, of, AllowForm(formdata=None)), 422
    if not own_bucket_within(STOPS, "unsubscribe"):
        abort(429)
    unsubscribes.stop(secret)
    db.session.commit()
    return _page(secret, of, AllowForm(formdata=None))


@pages.post("/unsubscribe/<secret>/undo")
@pages.post(f"{LIST}/<secret>/undo")
def allow_mails(secret: str, of: str = "") -> ResponseReturnValue:
    unsubscribes.check(secret)
    form = AllowForm()
    if not form.validate():
        return _page(secret, of, form), 422
    if not own_bucket_within(STOPS, "unsubscribe"):
        abort(429)
    unsubscribes.allow(secret)
    db.session.commit()
    return redirect(url_for(".unsubscribe", secret=secret, of=of or None), 303)


def _page(secret: str, of: str, form: AllowForm) -> str:
    unsubscribes.check(secret)
    stopped = unsubscribes.is_stopped(secret)
    return render_template("pages/unsubscribe.html", secret=secret, of=of or None, stopped=stopped, form=form)
