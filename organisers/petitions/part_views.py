"""The people held and the dated events of a case: added, edited, removed."""

from typing import Any

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cases.models import Event, Person
from core.db import db
from core.guards import body_limit
from organisers.answers import actor, done, form_page, moved_on, previewed, writing_page
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.cases.forms import EventForm, PersonForm
from organisers.cases.views import LONG_TEXTS, saved

CASE = f"/cases/<{ID}:case_id>"


@office.route(f"{CASE}/people/new", methods=["GET", "POST"])
def new_person(case_id: int) -> Response:
    case, form = case_services.get(case_id), PersonForm()
    if form.validate_on_submit():
        case_services.add_part(Person, case, actor=actor(), **form.values())
        return saved(case)
    return form_page("office/person_form.html", form, case=case, person=None)


@office.route(f"{CASE}/people/<{ID}:part_id>", methods=["GET", "POST"])
def edit_person(case_id: int, part_id: int) -> Response:
    case = case_services.get(case_id)
    person = case_services.get_part(Person, case, part_id)
    form = PersonForm(obj=person)
    if form.validate_on_submit():
        case_services.edit_part(person, actor=actor(), **form.values())
        return saved(case)
    return form_page("office/person_form.html", form, case=case, person=person)


@office.post(f"{CASE}/people/<{ID}:part_id>/<any(up, down):way>")
def move_person(case_id: int, part_id: int, way: str) -> Response:
    case = case_services.get(case_id)
    person = case_services.get_part(Person, case, part_id)
    try:
        case_services.move_person(person, way, actor=actor())
    except case_services.AtTheEnd:
        return moved_on(".case", case_id=case.id)
    db.session.commit()
    return done(_("%(name)s is moved.", name=person.name), ".case", case_id=case.id, _anchor="people")


@office.post(f"{CASE}/people/<{ID}:part_id>/remove")
def remove_person(case_id: int, part_id: int) -> Response:
    try:
        return _remove(Person, case_id, part_id)
    except case_services.StillCovered:
        said = _(
            "Nobody was removed: while the case is blurred, names in its texts are found by its people. Show the person as "
            "initials everywhere instead, or end the blur first."
        )
        return done(said, ".edit_person", case_id=case_id, part_id=part_id)


@office.route(f"{CASE}/events/new", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def new_event(case_id: int) -> Response:
    case, form = case_services.get(case_id), EventForm()
    if form.validate_on_submit() and not previewed():
        case_services.add_part(Event, case, actor=actor(), **form.values())
        return saved(case)
    return writing_page("office/event_form.html", form, case=case, event=None)


@office.route(f"{CASE}/events/<{ID}:part_id>", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def edit_event(case_id: int, part_id: int) -> Response:
    case = case_services.get(case_id)
    event = case_services.get_part(Event, case, part_id)
    form = EventForm(obj=event)
    if form.validate_on_submit() and not previewed():
        case_services.edit_part(event, actor=actor(), **form.values())
        return saved(case)
    return writing_page("office/event_form.html", form, case=case, event=event)


@office.post(f"{CASE}/events/<{ID}:part_id>/remove")
def remove_event(case_id: int, part_id: int) -> Response:
    return _remove(Event, case_id, part_id)


def _remove(kind: type[Any], case_id: int, part_id: int) -> Response:
    case = case_services.get(case_id)
    case_services.remove_part(case_services.get_part(kind, case, part_id), actor=actor())
    return saved(case)
