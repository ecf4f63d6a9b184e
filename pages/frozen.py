"""What stands where a case was, while it is frozen for safety or once its address is gone: a sentence, and no name."""

from typing import Any

from flask import Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from cases import gone
from cases.services import CaseFrozen, CaseNotFound
from core import errors
from core.db import RowNotFound
from core.guards import cacheable
from petitions.services import PetitionNotFound

NOTHING: dict[str, dict[str, Any]] = {
    "pages.case_document": {
        "title": None, "status": None, "country": None, "place": None, "people": [], "events": [], "images": [],
        "petitions": [], "comments": None, "raised": {}, "languages": [],
    },
    "petitions.document": {
        "title": None, "state": None, "case": None, "recipients": [], "signatures": None, "goal": None, "opens_at": None,
        "closes_at": None, "visibility_default": None, "languages": [], "on_paper": None, "imported": None,
        "imported_from": {}, "delivered_at": None, "answer": None, "victory": None, "version": None, "changed_at": None,
        "by_country": {}, "by_day": {}, "parts_taken_on": None, "links": {},
    },
    "petitions.count": {"signatures": None},
}  # fmt: skip
PAGES = ("pages.case", "petitions.show")
GONE = {CaseNotFound: "cases", PetitionNotFound: "petitions"}


def answer(error: CaseFrozen) -> ResponseReturnValue:
    """The sentence, with the status 200 where case or petition stood and 409 elsewhere; programs get a document of nothing."""
    endpoint = request.endpoint or ""
    if endpoint in NOTHING:
        slug = (request.view_args or {}).get("slug")
        return cacheable(jsonify(slug=slug, frozen=True, **NOTHING[endpoint]))
    page = make_response(render_template("cases/frozen.html"))
    if endpoint in PAGES and request.method == "GET":
        return cacheable(page)
    page.status_code = 409
    return page


def missing(error: RowNotFound) -> Response:
    """410 for an address that was given up because it named somebody, 404 for any other."""
    kind = GONE[type(error)]
    slug = error.args[0]
    return errors.page(410 if isinstance(slug, str) and gone.is_gone(kind, slug) else 404)
