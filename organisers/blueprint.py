"""The office's blueprint and its guards: who is not logged in sees the login page, and no form works without its token."""

import time

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import current_user
from flask_security.utils import logout_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from core.db import RowNotFound
from core.errors import explanation
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
        return redirect(url_for("office.login", next=wanted))
    csrf.protect()
    return None


@office.after_request
def keep_out_of_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@office.errorhandler(CSRFError)
def stale_form(error: CSRFError) -> Response:
    sentence = _(
        "Nothing was saved: this page was opened before you last logged in or out. Go back, reload it and send it again."
    )
    return error_page(400, _("This form is out of date"), sentence)


@office.errorhandler(RowNotFound)
def not_found(error: RowNotFound) -> Response:
    return error_page(404, *explanation(404))


@office.errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response:
    code = error.code or 500
    return error_page(code, *explanation(code))


def error_page(code: int, title: str, sentence: str) -> Response:
    return make_response(render_template("office/error.html", title=title, sentence=sentence), code)


def _entered() -> bool:
    if not current_user.is_authenticated:
        return False
    if time.time() - session.get("fs_paa", 0) > LONGEST_SESSION:
        logout_user()
        return False
    return True
