"""The office's blueprint and its guard: who has not entered, may not, or must prove more, does not reach the view."""

from typing import Any

from flask import Blueprint, Response, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_security import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from core.db import RowNotFound, db
from organisers import refusals
from organisers.accounts import keeping, presence, sessions, words
from organisers.accounts.setup import csrf
from organisers.answers import page_before
from organisers.permissions import DOORS, HALF_ENTERED, READERS, Rule, rule_of

ID = "int(max=2147483647)"  # what a key column holds; a longer number is nobody's

office = Blueprint("office", __name__, url_prefix="/office")


@office.before_request
def guard() -> BaseResponse | None:
    """Sends the anonymous to the login page, refuses every other request than a read without its form's token, and
    applies the page's row in the table of permissions."""
    name = str(request.endpoint).removeprefix("office.")
    if name not in DOORS and not current_user.is_authenticated:
        return _to_login()
    csrf.protect()
    if name in DOORS:
        return None
    if sessions.see(presence.here()):
        db.session.commit()
    if presence.half_entered():
        return None if name in HALF_ENTERED else _to_proof()
    rule = rule_of(name)
    refused = _not_in_the_table() if rule is None else _apply(rule)
    if refused is None and request.method == "GET" and keeping.OFFERED in request.args:
        keeping.open_in_form()
    return refused


@office.context_processor
def permissions() -> dict[str, Any]:
    """`may('office.refund')`: whether somebody may open that page, so that nobody is shown a door that stays shut."""
    return {"may": presence.may}


@office.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@office.errorhandler(CSRFError)
def stale_form(error: CSRFError) -> Response:
    return refusals.stale()


@office.errorhandler(RowNotFound)
def not_found(error: RowNotFound) -> Response:
    return refusals.page(404)


@office.errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response:
    return refusals.page(error.code or 500)


def _apply(rule: Rule) -> BaseResponse | None:
    """What the row says: 403 for a role that may not, 404 for another's case; then the proofs that it wants."""
    scope = presence.scope()
    if rule.who and not scope.has(rule.who, everywhere=rule.everywhere):
        return _not_for(rule)
    if rule.case is not None and scope.cases(rule.who) is not None:
        case_id = rule.case(**(request.view_args or {}))
        if not scope.reaches(case_id, rule.who):
            seen = case_id is not None and scope.reaches(case_id, READERS)
            return _not_for(rule) if seen else refusals.page(404)
    if presence.factor_is_missing(rule):
        session[presence.WANTED] = _wanted() or keeping.for_proof() or page_before()
        return redirect(url_for("office.factor_list"), 303)
    return _to_proof() if presence.proof_is_due(rule) else None


def _to_proof() -> BaseResponse:
    """What was typed is kept meanwhile; without anything typed, the page before has the button that was pressed."""
    again = "1" if request.method == "POST" else None
    return redirect(url_for("office.prove", next=_wanted() or keeping.for_proof() or page_before(), again=again), 303)


def _to_login() -> BaseResponse:
    """With what was typed: kept for whose session ran out; else in the page itself, to be sent from there."""
    kept = keeping.for_login()
    if kept is not None:
        return redirect(url_for("office.login", next=kept), 303)
    return refusals.logged_out() or redirect(url_for("office.login", next=_wanted()))


def _wanted() -> str | None:
    """The page that somebody was on the way to; an act is not repeated by going there."""
    return request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else None


def _not_for(rule: Rule) -> Response:
    sentence = _(
        "Your role does not include this. It is for: %(roles)s. Ask an owner of this site if you need it.",
        roles=words.list_of(rule.who),
    )
    return refusals.answer(403, _("This is not open to you"), sentence)


def _not_in_the_table() -> Response:
    sentence = _("Nobody has decided yet who may open this page, so nobody may. Tell whoever runs the site.")
    return refusals.answer(403, _("This is not open to you"), sentence)
