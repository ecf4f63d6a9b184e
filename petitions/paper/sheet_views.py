"""The sheet to be signed with a pen, and the code that leads from paper to the petition."""

from flask import Response, abort

from core.guards import cacheable
from core.pdf import TypesettingBusy, TypesettingFailed
from petitions import services
from petitions.blueprint import petitions
from petitions.paper import sheet

KEPT = 60  # seconds in shared caches


@petitions.get("/<slug>/sheet.pdf")
def printed_sheet(slug: str) -> Response:
    petition = services.get_public(slug)
    if not sheet.offered(petition):
        abort(409)
    try:
        answer = Response(sheet.pdf(petition), mimetype="application/pdf")
    except (TypesettingBusy, TypesettingFailed):
        abort(503)
    answer.headers["Content-Disposition"] = 'inline; filename="sheet.pdf"'  # neutral: whoever looks on sees its name
    return cacheable(answer, seconds=KEPT)


@petitions.get("/<slug>/qr.svg")
def qr_code(slug: str) -> Response:
    return cacheable(Response(sheet.code(services.get_public(slug)), mimetype="image/svg+xml"), seconds=KEPT)
