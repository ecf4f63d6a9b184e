"""Petitions in the office: written, published, paused, closed, their numbers seen."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import clock, countries
from core.db import db
from core.guards import body_limit
from organisers import charts, numbers
from organisers.answers import actor, done, previewed, writing_page
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.cases.views import LONG_TEXTS, slug_taken
from organisers.dashboard import cells, funnel, series
from organisers.petitions import services as petition_services
from organisers.petitions import words
from organisers.petitions.forms import PetitionForm
from organisers.retention.services import takes_delivery
from petitions import services
from petitions.counting import tallies
from petitions.models import Petition
from petitions.outcomes import ANSWERABLE, WINNABLE
from petitions.versions import services as versions
from petitions.versions import translations

PETITION = f"/petitions/<{ID}:petition_id>"


@office.route(f"/cases/<{ID}:case_id>/petitions/new", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def new_petition(case_id: int) -> Response:
    case, form = case_services.get(case_id), PetitionForm.fresh()
    if form.validate_on_submit() and not previewed():
        try:
            made = petition_services.create(case, actor=actor(), **form.values())
        except case_services.SlugTaken:
            form.slug.errors = [slug_taken()]
        else:
            db.session.commit()
            return done(_("The petition is a draft. Add its recipient next."), ".new_recipient", petition_id=made.id)
    return writing_page("office/petition_form.html", form, case=case, petition=None)


@office.get(PETITION)
def petition(petition_id: int) -> Response:
    return petition_page(services.get(petition_id))


@office.route(f"{PETITION}/edit", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def edit_petition(petition_id: int) -> Response:
    found = services.get(petition_id)
    form = PetitionForm.of(found)
    if form.validate_on_submit() and not previewed():
        try:
            petition_services.edit(found, actor=actor(), **form.values())
        except case_services.SlugTaken:
            form.slug.errors = [slug_taken()]
        except versions.ReasonMissing:
            form = asked_why(PetitionForm.of, found)
        else:
            return saved(found, _("Saved."))
    return writing_page("office/petition_form.html", form, case=found.case, petition=found)


@office.post(f"{PETITION}/<any({', '.join(petition_services.ACTS)}):name>")
def act(petition_id: int, name: str) -> Response:
    found = services.get(petition_id)
    try:
        petition_services.act(found, name, actor=actor())
    except services.NotReady as error:
        return petition_page(found, problems=error.reasons, status=422)
    except services.WrongState:
        db.session.rollback()
        moved_on = _("Somebody else has changed this petition meanwhile. Its present state is shown here.")
        return petition_page(found, problems=[moved_on], status=409)
    return saved(found, words.SAID[name]())


def petition_page(found: Petition, *, problems: Sequence[str] = (), status: int = 200) -> Response:
    """The petition with its numbers and whatever may be done to it now."""
    counted, span = tallies.numbers(found.id), request.args.get("chart", series.USUAL)
    span = span if span in series.SPANS else series.USUAL
    points = series.points(span, counted.by_hour, found.time_zone, clock.now())
    page = render_template(
        "office/petition.html",
        petition=found,
        problems=problems,
        acts=petition_services.offered(found),
        words=words,
        notable={"deliver": takes_delivery(found), "answer": found.state in ANSWERABLE, "win": found.state in WINNABLE},
        version=versions.newest(found),
        translations=[(one, translations.up_to_date(one, found)) for one in translations.list_of(found)],
        total=counted.total,
        live=numbers.submissions([found.id])[found.id],
        span=span,
        spans=series.SPANS,
        points=points,
        chart=charts.bar_chart(points),
        funnel=funnel.of(found, counted),
        countries=cells.cells({countries.name_of(code): n for code, n in counted.by_country.items()}),
    )
    return make_response(page, status)


def asked_why(make: Callable[[Petition], Any], found: Petition) -> Any:
    """Nothing was changed: the form again, asking why; it may be a moment since the first signature came."""
    db.session.rollback()
    form = make(found)
    form.reason.errors = [words.reason_missing()]
    return form


def saved(found: Petition, sentence: str) -> Response:
    """Commits, and goes back to the petition."""
    db.session.commit()
    return done(sentence, ".petition", petition_id=found.id)
