"""What is asked of every request, and the headers of every answer."""

from flask import Flask, Response, abort, g, request
from werkzeug.exceptions import HTTPException

from .errors import InvalidRequest, NoSuchAddress, StripeError
from .jsons import Json
from .loopback import is_loopback
from .pages.problems import problem_page

OWN_FORMS = ("same-origin", "none")


def install_guards(app: Flask) -> None:
    """Hang the guards into the app."""
    app.before_request(_demand_own_host)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _show_http_error)


def _demand_own_host() -> None:
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if not is_loopback(host):  # another name for this address: DNS rebinding
        abort(403, "The sandbox answers to loopback names only.")
    strange = request.headers.get("Sec-Fetch-Site", "none") not in OWN_FORMS
    if request.method not in ("GET", "HEAD") and strange:
        abort(403, "This form was not sent by the sandbox's own page.")


def _add_headers(response: Response) -> Response:
    targets = " ".join(["'self'", *g.get("form_targets", [])])
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _show_http_error(error: HTTPException) -> tuple[Json | str, int]:
    status = error.code or 500
    if not request.path.startswith("/v1"):
        return problem_page(error.description or error.name, status)
    return _as_stripe_error(error, status).body(), status


def _as_stripe_error(error: HTTPException, status: int) -> StripeError:
    if status in (404, 405):
        return NoSuchAddress(f"Unrecognized request URL ({request.method}: {request.path}).")
    wording = error.description or error.name
    return StripeError(wording) if status >= 500 else InvalidRequest(wording)
