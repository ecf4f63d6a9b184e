"""The check page: what a delivery was, and whether a file is part of one. It acts on nothing and keeps nothing."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, abort, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse
from werkzeug.exceptions import RequestEntityTooLarge

from core import errors, languages
from core.guards import FORM_LIMIT, body_limit, cacheable, with_scripts
from core.limits import Limiter, own_bucket_within
from deliveries.blueprint import deliveries
from deliveries.checking import forms, services
from deliveries.checking.forms import Asked, BadCheck
from deliveries.models import Delivery
from deliveries.sampling import services as sampling

CHECKS = parse("300/hour")  # of one network: an official's, with a list in many volumes
CODES = parse("60/hour")  # of one network
CODES_OF_ONE = parse("120/hour")  # for one delivery, from wherever; nobody is told that it is reached
SIGNED = '<any("manifest.json", "manifest.json.sig"):signed>'


@deliveries.get("/deliveries/check")
@deliveries.get("/<language>/deliveries/check")
def check_form(language: str = "") -> Response:
    with _site_in(language):
        return cacheable(_page(language))


@deliveries.get("/deliveries/<public_id>")
@deliveries.get("/<language>/deliveries/<public_id>")
def show(public_id: str, language: str = "") -> Response:
    found = services.opened(public_id)
    with _site_in(language):
        return cacheable(_page(language, delivery=public_id, found=found))


@deliveries.post("/deliveries/check")
@deliveries.post("/<language>/deliveries/check")
@body_limit(forms.LARGEST + FORM_LIMIT, streamed=True)
def check(language: str = "") -> ResponseReturnValue:
    with _site_in(language):
        if not own_bucket_within(CHECKS, "check"):
            return _too_many(language)
        try:
            asked = forms.read(request)
        except BadCheck as error:
            return _form_again(language, error), 422
        if asked.code and not own_bucket_within(CODES, "cover-code"):
            return _too_many(language)
        return _answer(language, asked)


@deliveries.get(f"/deliveries/<public_id>/{SIGNED}")
def signed_file(public_id: str, signed: str) -> Response:
    found = services.opened(public_id)
    if found is None:
        raise services.NoDelivery(public_id)
    return cacheable(_file(found, signed))


@deliveries.post(f"/deliveries/<public_id>/{SIGNED}")
def signed_file_by_code(public_id: str, signed: str) -> ResponseReturnValue:
    code = request.form.get("code", "")
    if not own_bucket_within(CODES, "cover-code"):
        return _too_many("")
    found = services.opened(public_id, _heeded(code, public_id))
    if found is None:
        raise services.NoDelivery(public_id)
    response = _file(found, signed)
    response.headers["Content-Disposition"] = f'attachment; filename="{signed}"'
    return response


@deliveries.get("/deliveries/verify_delivery.py")
def verifier() -> Response:
    """The program that checks a pack offline."""
    response = make_response(_tool().read_bytes())
    response.mimetype = "text/x-python"
    response.headers["Content-Disposition"] = f'attachment; filename="{_tool().name}"'
    return cacheable(response)


@deliveries.errorhandler(413)
def too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    if request.endpoint != "deliveries.check":
        return errors.page(413)
    sentence = _(
        "This form takes one file of at most 16 MB. Switch JavaScript on, and your browser checks larger files without sending "
        "them; or use the program below, which checks the whole pack on your own machine."
    )
    language = (request.view_args or {}).get("language", "")
    with _site_in(language):
        return _page(language, problem=sentence), 413


@deliveries.app_template_global("deliveries_of")
def deliveries_of(petition: Any) -> list[services.Listed]:
    return services.list_of(petition)


def _answer(language: str, asked: Asked) -> Response:
    """What is known of a file; the same for one that is unknown, one of which nothing is said, and a wrong code."""
    page_of = asked.delivery if services.LOOKS_LIKE_OURS.fullmatch(asked.delivery) else ""
    code = _heeded(asked.code, page_of or (asked.digest or b"").hex())
    found, name = services.opened(page_of, code) if page_of else None, None
    if asked.digest is not None:
        if found is not None:
            name = services.manifest_named(found, asked.digest)
        known = None if name else services.of_file(asked.digest, code)
        found, name = known or (found, name)
    return _page(language, delivery=page_of, found=found, code=code, asked=asked, name=name)


def _form_again(language: str, error: BadCheck) -> Response:
    """The page as it was, with what is wrong."""
    page_of = error.delivery if services.LOOKS_LIKE_OURS.fullmatch(error.delivery) else ""
    found = services.opened(page_of) if page_of else None
    return _page(language, delivery=page_of, found=found, typed=error.code, problem=str(error))


def _heeded(code: str, of: str) -> str:
    """The code, or none once too many were tried for one list: whoever typed it is not told which of the two it is."""
    limiter: Limiter = current_app.extensions["limiter"]
    return code if code and limiter.within(CODES_OF_ONE, "cover-code-of", limiter.mark(of)) else ""


def _page(language: str, *, found: Delivery | None = None, code: str = "", **context: Any) -> Response:
    told = services.told(found, language, code if found.petition.case.dangerous else "") if found else None
    page = render_template(
        "deliveries/check.html", told=told, language=language, largest=forms.LARGEST, tool=_tool_digest(),
        sampled=found is not None and sampling.offered(found), **context,
    )  # fmt: skip
    return with_scripts(make_response(page))


def _too_many(language: str) -> ResponseReturnValue:
    sentence = _("Very much was checked from your network. Wait an hour at most, then try again.")
    response = _page(language, problem=sentence)
    response.headers["Retry-After"] = str(CHECKS.get_expiry())
    return response, 429


def _file(found: Delivery, name: str) -> Response:
    response = make_response(services.signed_file(found, name))
    response.mimetype = "application/json" if name == services.MANIFEST else "application/octet-stream"
    return response


@contextmanager
def _site_in(language: str) -> Iterator[None]:
    """The page in a language that this site may be written in; any other is no address."""
    if language and language not in languages.declared():
        abort(404)
    with languages.site_in(language):
        yield


def _tool() -> Path:
    return Path(current_app.root_path) / "tools" / "verify_delivery.py"


def _tool_digest() -> str:
    return _digest_of(_tool())


@lru_cache(maxsize=1)
def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
