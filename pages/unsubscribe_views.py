"""Never write to me again, from the link in any mail: one press, also by a mail program (RFC 8058), and its undoing."""

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
PRESSED = {"List-Unsubscribe": "One-Click", "stop": "yes"}  # the mail program's body, and our button's


class AllowForm(PublicForm):
    """One button."""


@pages.get("/unsubscribe/<secret>")
def unsubscribe(secret: str) -> ResponseReturnValue:
    return _page(secret, AllowForm(formdata=None))


@pages.post("/unsubscribe/<secret>")
@from_anywhere
def stop_mails(secret: str) -> ResponseReturnValue:
    """Whoever holds the link stops the mails: no origin and no form token is asked for. A repeated press shows the same."""
    unsubscribes.check(secret)
    if not any(request.form.get(name) == value for name, value in PRESSED.items()):
        return _page(secret, AllowForm(formdata=None)), 422
    if not own_bucket_within(STOPS, "unsubscribe"):
        abort(429)
    unsubscribes.stop(secret)
    db.session.commit()
    return _page(secret, AllowForm(formdata=None))


@pages.post("/unsubscribe/<secret>/undo")
def allow_mails(secret: str) -> ResponseReturnValue:
    unsubscribes.check(secret)
    form = AllowForm()
    if not form.validate():
        return _page(secret, form), 422
    if not own_bucket_within(STOPS, "unsubscribe"):
        abort(429)
    unsubscribes.allow(secret)
    db.session.commit()
    return redirect(url_for(".unsubscribe", secret=secret), 303)


def _page(secret: str, form: AllowForm) -> str:
    unsubscribes.check(secret)
    stopped = unsubscribes.is_stopped(secret)
    return render_template("pages/unsubscribe.html", secret=secret, stopped=stopped, form=form)
