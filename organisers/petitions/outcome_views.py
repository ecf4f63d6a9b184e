"""What became of a petition: the official's answer and the victory, written, corrected and seen before they are published."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.guards import body_limit
from organisers.answers import actor, previewed, writing_page
from organisers.blueprint import office
from organisers.cases.views import LONG_TEXTS
from organisers.petitions import services as petition_services
from organisers.petitions.outcome_forms import AnswerForm, VictoryForm
from organisers.petitions.views import PETITION, petition_page, saved
from petitions import services
from petitions.models import Petition
from petitions.outcomes import ANSWERABLE, WINNABLE


@office.route(f"{PETITION}/answer", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def answer_petition(petition_id: int) -> Response:
    found = services.get(petition_id)
    form = AnswerForm(obj=found)
    if found.state not in ANSWERABLE:
        return _not_now(found)
    if form.validate_on_submit() and not previewed():
        try:
            petition_services.answer(found, actor=actor(), **form.values())
        except services.WrongState:
            return _not_now(found)
        return saved(found, _("The answer stands on the page."))
    return writing_page("office/answer_form.html", form, petition=found)


@office.route(f"{PETITION}/victory", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def win_petition(petition_id: int) -> Response:
    found = services.get(petition_id)
    form = VictoryForm(obj=found)
    if found.state not in WINNABLE:
        return _not_now(found)
    if form.validate_on_submit() and not previewed():
        try:
            petition_services.win(found, actor=actor(), **form.values())
        except services.WrongState:
            return _not_now(found)
        return saved(found, _("The petition is won. Its closing lines stand on the page."))
    return writing_page("office/victory_form.html", form, petition=found)


def _not_now(found: Petition) -> Response:
    db.session.rollback()
    return petition_page(
        found, problems=[_("This cannot be done in the petition’s present state, which is shown here.")], status=409
    )
