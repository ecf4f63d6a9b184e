"""The office's blueprint and its guards: who is not logged in sees the login page, and no form works without its token."""

import time

from flask import Blueprint, Response, redirect, request, session, url_for
from flask_security import current_user
from flask_security.utils import logout_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from core.db import RowNotFound
from organisers import refusals
from organisers.accounts import csrf

LONGEST_SESSION = 12 * 3600  # seconds from login, however busy
ID = "int(max=2147483647)"  # what a key column holds; a longer number is nobody's
DOORS = ("office.login", "office.login_link", "office.enter_by_link")

office = Blueprint("office", __name__, url_prefix="/office")


@office.before_request
def guard() -> BaseResponse | None:
    """Sends the anonymous to the login page, and refuses every other request than a read without its form's token."""
    if request.endpoint not in DOORS and not _entered():
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return refusals.logged_out() or redirect(url_for("office.login", next=wanted))
    csrf.protect()
    return None


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


def _entered() -> bool:
    if not current_user.is_authenticated:
        return False
    if time.time() - session.get("fs_paa", 0) > LONGEST_SESSION:
        logout_user()
        return False
    return True
