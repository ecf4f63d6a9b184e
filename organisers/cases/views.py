"""Cases in the office: made, edited, their safety questions answered."""

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cases.models import Case
from cases.safety import NotSafe, missing
from cases.translations import services as translations
from cases.translations.services import State
from core.db import db
from core.guards import body_limit
from donations.moving import services as moving
from organisers.answers import actor, done, form_page, previewed, writing_page
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.cases.forms import CaseForm, SafetyForm
from organisers.petitions import services as petition_services

LONG_TEXTS = 512 * 1024  # a story of 20,000 Cyrillic letters is 120 kB in a form


@office.route("/cases/new", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def new_case() -> Response:
    form = CaseForm()
    if form.validate_on_submit() and not previewed():
        try:
            case = case_services.create(actor=actor(), **form.values())
        except case_services.SlugTaken:
            form.slug.errors = [slug_taken()]
        except NotSafe as error:
            form.status.errors = error.reasons
        else:
            db.session.commit()
            return done(_("The case is made. Answer its safety questions next."), ".safety", case_id=case.id)
    return writing_page("office/case_form.html", form, case=None)


@office.get(f"/cases/<{ID}:case_id>")
def case(case_id: int) -> str:
    found = case_services.get(case_id)
    stale = any(State.STALE in rows.values() for rows in translations.states(found).values())
    context = {"petitions": petition_services.list_of(found), "missing": missing(found), "stale": stale}
    return render_template("office/case.html", case=found, **context)


@office.route(f"/cases/<{ID}:case_id>/edit", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def edit_case(case_id: int) -> Response:
    found = case_services.get(case_id)
    form = CaseForm.of(found)
    if form.validate_on_submit() and not previewed():
        try:
            case_services.edit(found, actor=actor(), **form.values())
        except case_services.SlugTaken:
            form.slug.errors = [slug_taken()]
        except NotSafe as error:
            form.status.errors = error.reasons
        else:
            return saved(found)
    gifts, answers = moving.running(found), moving.tally(found)
    return writing_page("office/case_form.html", form, case=found, gifts=gifts, answers=answers)


@office.route(f"/cases/<{ID}:case_id>/safety", methods=["GET", "POST"])
def safety(case_id: int) -> Response:
    found = case_services.get(case_id)
    form = SafetyForm(data={"note": found.safety_note})
    if form.validate_on_submit():
        answers = {name: form[name].data for name in case_services.SAFE_ANSWERS}
        case_services.answer_safety(found, actor=actor(), note=form.note.data or "", **answers)
        return saved(found)
    return form_page("office/safety_form.html", form, case=found)


def saved(found: Case) -> Response:
    """Commits, and goes back to the case."""
    db.session.commit()
    return done(_("Saved."), ".case", case_id=found.id)


def slug_taken() -> str:
    return _("Another page has this address already: choose a different one.")
