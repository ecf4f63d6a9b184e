"""The public wall of supporters, of a case's fund or the general one."""

from typing import NoReturn

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _

from cases.services import CaseNotFound, get_case
from core.guards import cacheable
from donations.funds import SLUG
from donations.views import donations
from donations.wall import services as wall_services

PAGE = 100


@donations.post("/donate/wall")
def nothing_to_give_to() -> NoReturn:
    """Else it would be a gift to a case of that name, whose own page the wall stands before."""
    abort(405)


@donations.get("/donate/wall")
@donations.get("/donate/<slug>/wall")
def wall(slug: str | None = None) -> Response:
    """Whoever wished to be named; the same for everybody, and of a case that is over too."""
    if slug is not None and not SLUG.fullmatch(slug):
        raise CaseNotFound(slug)
    case = get_case(slug) if slug is not None else None
    before = request.args.get("before", default=0, type=int) % 2**63  # what an id column holds
    rows = wall_services.shown(case.id if case else None, limit=PAGE + 1, before=before or None)
    page = render_template(
        "donations/wall.html", case=case, rows=rows[:PAGE], following=wall_services.page_after(rows, PAGE),
        title=case.title if case else _("Support the campaigns"), back=url_for("donations.give", slug=slug), section="donate",
    )  # fmt: skip
    return cacheable(make_response(page))
