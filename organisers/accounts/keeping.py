"""Keeps what was typed over a proof or a login, and gives it back in its form: nothing is done before it is sent again."""

from flask import current_app, flash, g, request, session, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import validate_csrf
from werkzeug.datastructures import MultiDict
from wtforms import ValidationError

from core.db import db
from core.guards import from_own_page
from core.vault import SITE, vault
from organisers import refusals
from organisers.accounts import kept_forms, presence
from organisers.answers import PREVIEW, page_before

OFFERED = "kept"  # in the session: which form was given back; in an address: which one to give back
NEVER = frozenset({"office.add_passkey"})  # a browser's answer to a challenge that is spent by then


def for_proof() -> str | None:
    """Keeps what this request brought until the proof is given; the page that gives it back. None: nothing to keep."""
    return _keep(presence.organiser().id, presence.here().id)


def for_login() -> str | None:
    """Keeps what was typed in a session that ran out by itself, for whose it was; the page that gives it back.

    None: nothing to keep, or it cannot be known that they sent it."""
    over = presence.over() if request.method == "POST" and from_own_page() else None
    if over is None or not _has_token():
        return None
    path = _keep(over.organiser_id, None)
    if path is not None:
        flash(
            _(
                "You have been logged out. Nothing was saved yet, and nothing that you typed is lost: log in to have it back."
            )
        )
    return path


def after_login() -> str | None:
    """Where a form waits that this account had typed when its session ran out."""
    found = kept_forms.waiting(presence.organiser())
    return url_for("office.kept_form", kept_id=found) if found else None


def open_in_form() -> None:
    """On the way to a form's own page: its fields are filled with what was kept (organisers/fields.py reads it)."""
    kept_id = request.args[OFFERED]
    try:
        typed = kept_forms.find(presence.here(), kept_id)
    except kept_forms.NotFound:
        flash(_("What you had typed is no longer kept: that is for an hour, or until it is sent."))
        return
    if typed.path == request.path:
        g.kept, g.kept_fields, g.kept_shown = typed, MultiDict(typed.fields), {PREVIEW}
        session[OFFERED] = [kept_id, typed.path]
        flash(_("This is what you had typed. Nothing of it is done yet: look through it, then press the button."))


def given_back() -> MultiDict[str, str] | None:
    """What was kept, for a page that reads its fields itself."""
    fields: MultiDict[str, str] | None = g.get("kept_fields")
    if fields is not None:
        g.kept_shown |= fields.keys()
    return fields


def is_shown() -> bool:
    """Whether the page that was made has a field for everything that was kept."""
    return "kept" not in g or {name for name, value in g.kept.fields if value.strip()} <= g.kept_shown


def gives_back(path: str | None) -> bool:
    """Whether a form waits at this path."""
    return (path or "").startswith(url_for("office.kept_form", kept_id="k")[:-1])


def has_page(path: str) -> bool:
    """Whether the address that a form goes to shows it, too."""
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and adapter.test(path, "GET")


def forget_sent() -> None:
    """After an act that was done: what was kept of it goes. Commits."""
    kept_id, path = session.get(OFFERED, ["", ""])
    if path == request.path:
        kept_forms.drop(presence.here(), kept_id)
        db.session.commit()
        session.pop(OFFERED)


def _keep(organiser_id: int, session_id: int | None) -> str | None:
    fields = refusals.typed() if request.method == "POST" and request.endpoint not in NEVER else []
    if not fields:
        return None
    vault().prepare(SITE)
    typed = kept_forms.Typed(request.path, page_before() or "", fields)
    try:
        kept_id = kept_forms.keep(typed, organiser_id=organiser_id, session_id=session_id)
    except kept_forms.TooLarge:
        return None
    db.session.commit()
    return url_for("office.kept_form", kept_id=kept_id)


def _has_token() -> bool:
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return False
    return True
