"""Petition pages, their JSON, and the form that people sign."""

from typing import Any

from flask import (
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from core import countries, tokens
from core.goals import next_goal
from core.guards import cacheable
from petitions import list_services, services, signature_services, submission_services, tallies
from petitions.blueprint import petitions
from petitions.forms import SignForm
from petitions.models import Petition
from petitions.states import Visibility

LATEST = 10
PAGE = 50


@petitions.get("/")
def index() -> Response:
    found = services.list_public()
    totals = tallies.totals([petition.id for petition in found])
    return cacheable(
        make_response(render_template("petitions/index.html", petitions=found, totals=totals, section="petitions"))
    )


@petitions.get("/<slug>")
def show(slug: str) -> Response:
    petition = services.get_public(slug)
    source = request.args.get("source", "")[:40]
    form = SignForm(petition, formdata=None, data={"source": source if source in petition.sources else ""})
    return cacheable(make_response(_page(petition, form)))


@petitions.get("/<slug>.json")
def document(slug: str) -> Response:
    return cacheable(jsonify(petition_json(services.get_public(slug))))


@petitions.get("/<slug>/count.json")
def count(slug: str) -> Response:
    return cacheable(jsonify(signatures=tallies.total(services.get_public(slug).id)))


@petitions.post("/<slug>/sign")
def sign(slug: str) -> ResponseReturnValue:
    petition = services.remembered(slug)
    if not petition.open:
        return render_template("petitions/closed.html", petition=petition, case=petition.case), 409
    form = SignForm(petition)
    if not form.validate():
        return _page(petition, form), 422
    public_id = submission_services.submit(
        petition, country=form.country.data, visibility=Visibility(form.visibility.data),
        source=form.source.data or "", person=form.person(),
    )  # fmt: skip
    again = signature_services.choices_again(
        petition, country=form.country.data, visibility=Visibility(form.visibility.data)
    )
    sealed = tokens.seal_query("thanks", {"submission": public_id, "email": form.email.data, "choices": again})
    return redirect(url_for(".thanks", slug=slug, t=sealed), 303)


@petitions.get("/<slug>/signatories")
def signatories(slug: str) -> Response:
    petition, before = services.get_public(slug), request.args.get("before", type=row_id)
    rows = list_services.public_list(petition.id, limit=PAGE + 1, before=before)
    shown = [(row.public_name, row.public_affiliation, countries.name_of(row.country)) for row in rows[:PAGE]]
    context = {"signatories": shown, "next_before": rows[PAGE - 1].id if len(rows) > PAGE else None}
    total = tallies.total(petition.id)
    return cacheable(
        make_response(render_template("petitions/signatories.html", petition=petition, total=total, **context))
    )


def row_id(text: str) -> int:
    """A row's id from an address bar. Raises ValueError for what no database could hold."""
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError(text)
    return number


def petition_json(petition: Petition) -> dict[str, Any]:
    """The contract's JSON document of a petition; a value that is not known is null."""
    total = tallies.total(petition.id)
    recipients = [
        {"name": r.name, **{key: getattr(r, key) or None for key in ("role", "organisation", "country")}}
        for r in petition.recipients
    ]
    server = current_app.config["UNDERSIGNED"].server_url
    page = f"{server}/petitions/{petition.slug}"
    return {
        "slug": petition.slug, "title": petition.title, "state": petition.state.value, "case": petition.case.slug,
        "recipients": recipients, "signatures": total, "goal": next_goal(total, petition.goal),
        "opens_at": petition.opens_at and petition.opens_at.isoformat(),
        "closes_at": petition.closes_at and petition.closes_at.isoformat(),
        "visibility_default": petition.visibility_default.value, "languages": [petition.language],
        "links": {
            "self": f"{page}.json", "page": page, "count": f"{page}/count.json",
            "case": f"{server}/cases/{petition.case.slug}",
        },
    }  # fmt: skip


def _page(petition: Petition, form: SignForm) -> str:
    form.offer(petition)
    total = tallies.total(petition.id)
    latest = list_services.public_list(petition.id, limit=LATEST)
    return render_template(
        "petitions/petition.html", petition=petition, case=petition.case, form=form, total=total, section="petitions",
        goal=next_goal(total, petition.goal), closed=not petition.open,
        supporters=[(row.public_name, countries.name_of(row.country)) for row in latest],
    )  # fmt: skip
