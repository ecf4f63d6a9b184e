"""Error pages: each says what happened and what to do, in the site's own look, and tells nothing else."""

import logging
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from core.db import RowNotFound, trace

log = logging.getLogger(__name__)


def explanation(code: int) -> tuple[str, str]:
    """Title and sentence for a status code."""
    known = {
        400: (_("We could not read that"), _("The request was incomplete or damaged. Go back, reload the page and try again.")),
        403: (_("Please use the form on this site"), _("The form came from somewhere else. Open the page here and try again.")),
        404: (_("There is no such page"), _("The address may be mistyped, or the page moved. See the list of petitions.")),
        405: (_("That does not work here"), _("Open the page from the start and use its form.")),
        409: (_("That is closed"), _("What you tried is no longer open. The page says what you can still do.")),
        410: (_("This page is gone"), _("It was taken down for good. See the list of petitions.")),
        413: (_("That was too much at once"), _("Shorten what you sent and try again.")),
        429: (_("Too many tries from your network"), _("Wait an hour at most and try again. What you did before is kept.")),
        503: (_("We are busy for a moment"), _("Nothing was saved. Wait a few seconds and send it again.")),
    }  # fmt: skip
    if code in known:
        return known[code]
    if code < 500:
        return known[400]
    return _("Something went wrong on our side"), _("Nothing was saved. Try again in a minute; we have been told.")


def page(code: int) -> Response:
    title, sentence = explanation(code)
    response = make_response(render_template("error.html", title=title, sentence=sentence, code=code), code)
    if code == 503:
        response.headers["Retry-After"] = "5"
    return response


def init_app(app: Flask) -> None:
    app.log_exception = _log_fault  # type: ignore[method-assign]

    @app.errorhandler(SecurityError)
    def foreign_host(error: SecurityError) -> Response:
        response = make_response(_("This is not an address of this site."), 400)  # no page: nothing can be linked to
        response.mimetype = "text/plain"
        return response

    @app.errorhandler(HTTPException)  # also InternalServerError, which Flask makes of a fault
    def http_error(error: HTTPException) -> Response:
        response = page(error.code or 500)
        if error.code == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
        return response

    @app.errorhandler(RowNotFound)
    def not_there(error: RowNotFound) -> Response:
        return page(404)

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> Response:
        log.error("database: %s on %s", type(error.orig).__name__, request.endpoint)
        return page(503)

    @app.errorhandler(PoolTimeout)
    def no_connection_free(error: PoolTimeout) -> Response:
        log.error("database: no connection free on %s", request.endpoint)
        return page(503)


def _log_fault(exc_info: Any) -> None:
    log.error("fault on %s %s\n%s", request.method, request.endpoint, trace(exc_info[1]))
