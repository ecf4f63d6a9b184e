"""Guards at the door: sizes, origins and security headers, the same for every room."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request

from core.tokens import form_token

FORM_LIMIT = 64 * 1024
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'{form_action}"
)
SCRIPTS = "; script-src 'self'; connect-src 'self'"
View = TypeVar("View", bound=Callable[..., Any])


def body_limit(size: int, *, streamed: bool = False) -> Callable[[View], View]:
    """Declares a view's own body limit in bytes instead of FORM_LIMIT. `streamed`: it reads the body itself, part by part."""

    def declare(view: View) -> View:
        view.body_limit, view.streamed = size, streamed  # type: ignore[attr-defined]
        return view

    return declare


def from_anywhere(view: View) -> View:
    """Declares a view that other machines post to: it proves its sender in another way than by origin."""
    view.from_anywhere = True  # type: ignore[attr-defined]
    return view


def form_action(*origins: str) -> Callable[[View], View]:
    """Declares names of settings whose origin a page's form may lead to; it also governs the redirect after a POST."""

    def declare(view: View) -> View:
        view.form_action = origins  # type: ignore[attr-defined]
        return view

    return declare


def init_app(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = FORM_LIMIT
    app.before_request(_refuse_nul)
    app.before_request(_limit_body)
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)
    app.jinja_env.globals["form_token"] = form_token


def cacheable(response: Response, *, seconds: int = 1) -> Response:
    """Marks a page that is the same for everybody: shared caches keep it a moment, ETag answers the rest."""
    response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}"
    response.add_etag()
    response.make_conditional(request)
    return response


def from_own_page() -> bool:
    """Whether a page of this site led here; a browser that does not say so is taken to come from elsewhere."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def with_scripts(response: Response) -> Response:
    """Lets this one answer run scripts of our own origin; every other page runs none."""
    response.headers["Content-Security-Policy"] = _policy() + SCRIPTS
    return response


def _view() -> Any:
    return current_app.view_functions.get(request.endpoint or "")


def _refuse_nul() -> None:
    if "\0" in request.path:  # names nothing of ours, and PostgreSQL takes no text that holds it
        abort(404)


def _policy() -> str:
    origins = (current_app.config.get(name) for name in getattr(_view(), "form_action", ()))
    return CSP.format(form_action="".join(f" {origin}" for origin in origins if origin))


def _limit_body() -> None:
    limit = getattr(_view(), "body_limit", FORM_LIMIT)
    request.max_content_length = limit
    request.max_form_memory_size = limit
    if (request.content_length or 0) > limit:
        abort(413)
    streamed = getattr(_view(), "streamed", False)  # reading past the limit is refused there
    if request.content_length is None and request.method not in SAFE_METHODS and not streamed:
        _limit_chunked_body(limit)


def _limit_chunked_body(limit: int) -> None:
    """Reads a body of unknown length up to its limit: Werkzeug alone would cut it short and go on."""
    request.max_content_length = limit + 1
    body = request.stream.read()
    if len(body) > limit:
        abort(413)
    request.stream = BytesIO(body)


def _refuse_other_sites() -> None:
    """A form that another site submits is refused: by Sec-Fetch-Site where the browser sends it, else by Origin."""
    if request.method in SAFE_METHODS or getattr(_view(), "from_anywhere", False):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        if site != "same-origin":
            abort(403)
    elif origin is not None and origin not in (
        request.host_url.rstrip("/"),
        current_app.config["UNDERSIGNED"].server_url,
    ):
        abort(403)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    settings = current_app.config["UNDERSIGNED"]
    response.headers.setdefault("Content-Security-Policy", _policy())
    response.headers.setdefault("Cache-Control", "no-store")
    if urlsplit(settings.server_url).scheme == "https":
        response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return response
