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
from flask_babel import gettext as _
from limits import parse

from cases.translations import services as case_translations
from core import countries, tokens
from core.goals import next_goal
from core.guards import cacheable, with_scripts
from core.limits import TOR, own_bucket, own_bucket_within
from core.mailboxes import mail_domains
from core.page_counter import COUNTED
from core.switches import switches
from petitions import list_services, quick_form, services, showing, signature_services, sources, submission_services
from petitions.abuse import proofs
from petitions.blueprint import petitions
from petitions.counting import margins, page_counts, tallies
from petitions.forms import SignForm
from petitions.invitations import services as invitation_services
from petitions.models import Petition
from petitions.versions import services as versions
from petitions.versions import translations
from petitions.versions.translations import Reading

LATEST = 10
PAGE = 50
SIGNINGS = parse(
    "1000/hour"
)  # of one network: a hall of 300, or the many behind a mobile provider's address, are no attack


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
    source = sources.known(petition, request.args.get("source", ""))
    form = SignForm(petition, formdata=None, data={"source": "" if source == sources.OTHER else source})
    request.environ[COUNTED] = (petition.id, page_counts.SEEN, source)
    return cacheable(page(petition, form))


@petitions.get("/<slug>.json")
def document(slug: str) -> Response:
    return cacheable(jsonify(petition_json(services.get_public(slug))))


@petitions.get("/<slug>/count.json")
def count(slug: str) -> Response:
    return cacheable(jsonify(signatures=tallies.total(services.get_public(slug).id)))


@petitions.post("/<slug>/sign")
def sign(slug: str) -> ResponseReturnValue:
    petition = services.remembered(slug)
    if not (switches().signing and petition.open):
        return _no_signing(petition), 409
    bucket, given = own_bucket(), quick_form.read(request.form)
    if bucket != TOR and not own_bucket_within(SIGNINGS, "sign"):
        return _too_many(petition)
    if given is None:
        form = SignForm(petition)
        if not form.validate():
            return page(petition, form), 422
        given = form.signing()
    public_id = submission_services.submit(
        petition, country=given.country, visibility=given.visibility, source=given.source, person=given.person,
        bucket=bucket, trapped=given.trapped, proved=proofs.accepted(petition.id, given.proof),
    )  # fmt: skip
    if not given.trapped:
        sent = (petition.id, page_counts.SIGNED, sources.known(petition, given.source))
        current_app.extensions["page_counter"].add(sent)
    again, email = signature_services.choices_again(petition, given.country, given.visibility), given.person["email"]
    known = {"submission": public_id, "email": email, "choices": again, "hint": mail_domains.hint_for(email)}
    return redirect(f"{url_for('.thanks', slug=slug)}?t={tokens.seal_query('thanks', known)}", 303)


@petitions.get("/<slug>/challenge.json")
def challenge(slug: str) -> Response:
    """A puzzle for the signing page's script, where proofs are asked for; each is good for one signature."""
    return jsonify(proofs.challenge(services.remembered(slug).id))


@petitions.get("/<slug>/signatories")
def signatories(slug: str) -> Response:
    petition, before = services.get_public(slug), request.args.get("before", type=row_id)
    rows = list_services.public_list(petition.id, limit=PAGE + 1, before=before)
    shown = [(*list_services.called(petition, row), countries.name_of(row.country)) for row in rows[:PAGE]]
    context: dict[str, Any] = {"signatories": shown, "next_before": rows[PAGE - 1].id if len(rows) > PAGE else None}
    context |= {"on_paper": tallies.on_paper(petition.id), "imported": tallies.imported(petition.id)}
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
    total, parts, imported = tallies.total(petition.id), margins.shown(petition.id), tallies.imported(petition.id)
    recipients = [
        {"name": r.name, **{key: getattr(r, key) or None for key in ("role", "organisation", "country")}}
        for r in petition.recipients
    ]
    server = current_app.config["UNDERSIGNED"].server_url
    address = f"{server}/petitions/{petition.slug}"
    version = versions.newest(petition)
    return {
        "slug": petition.slug, "title": petition.title, "state": petition.state.value, "case": petition.case.slug,
        "recipients": recipients, "signatures": total, "goal": next_goal(total, petition.goal),
        "opens_at": petition.opens_at and petition.opens_at.isoformat(),
        "closes_at": petition.closes_at and petition.closes_at.isoformat(),
        "visibility_default": petition.visibility_default.value,
        "languages": list(translations.reading(petition).languages), **outcome(petition),
        "version": version and version.number, "changed_at": version and version.since.isoformat(),
        "on_paper": tallies.on_paper(petition.id), "imported": sum(imported.values()), "imported_from": imported,
        "by_country": parts.by_country, "by_day": parts.by_day,
        "parts_taken_on": parts.taken_on and parts.taken_on.isoformat(),
        "links": {
            "self": f"{address}.json", "page": address, "count": f"{address}/count.json", "versions": f"{address}/versions",
            "case": f"{server}/cases/{petition.case.slug}",
        },
    }  # fmt: skip


def outcome(petition: Petition) -> dict[str, Any]:
    """What became of it, as JSON: `answer` and `victory` are null while there is none."""
    answer, won_on = petition.answered_on, petition.won_on
    source = petition.answer_source or None
    return {
        "delivered_at": petition.delivered_at and petition.delivered_at.isoformat(),
        "answer": answer and {"text": petition.answer, "date": answer.isoformat(), "source_url": source},
        "victory": won_on and {"text": petition.closing_lines, "date": won_on.isoformat()},
    }


def _too_many(petition: Petition) -> ResponseReturnValue:
    form = SignForm(petition)
    form.form_errors.append(
        _("Very many people sign from your network. Wait a quarter of an hour, then send it again.")
    )
    return page(petition, form), 429


def _no_signing(petition: Petition) -> str:
    """Why nobody can sign now: the petition takes no signatures, or the whole site for the moment."""
    name = "halted" if petition.open else "closed"
    return render_template(f"petitions/{name}.html", petition=petition, case=petition.case)


def page(petition: Petition, form: SignForm, reading: Reading | None = None) -> Response:
    """The petition's page, in its own language unless another reading is given."""
    form.offer(petition)
    reading = reading or translations.reading(petition)
    told = case_translations.reading_beside(petition.case, reading.language)
    halted, proof = not switches().signing, proofs.wanted(petition.id)
    total, version = tallies.total(petition.id), versions.newest(petition)
    latest, parts = list_services.public_list(petition.id, limit=LATEST), margins.shown(petition.id)
    made = render_template(
        "petitions/petition.html", petition=petition, case=petition.case, form=form, total=total, section="petitions",
        invited=invitation_services.shown(petition.id), reading=reading, told=told,
        changed=showing.version(petition, version) if version and version.number > 1 else None,
        goal=next_goal(total, petition.goal), closed=halted or not petition.open, halted=halted and petition.open,
        deliveries=current_app.extensions["handed_over"](petition),
        supporters=[(list_services.called(petition, row)[0], countries.name_of(row.country)) for row in latest], proof=proof,
        countries=[(countries.name_of(code), number) for code, number in parts.by_country.items()],
        taken_on=parts.taken_on, on_paper=tallies.on_paper(petition.id), imported=tallies.imported(petition.id),
    )  # fmt: skip
    return with_scripts(make_response(made)) if proof else make_response(made)
