"""Invalidations in the office: made, previewed, started, watched, cancelled, undone."""

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.guards import body_limit
from core.vault import SITE, vault
from organisers.answers import actor, done, form_page, moved_on
from organisers.blueprint import ID, office
from organisers.masking import Mask
from organisers.moderation import services as moderation_services
from organisers.moderation.forms import InvalidationForm, ReasonForm
from organisers.petitions.views import PETITION
from petitions import services
from petitions.abuse import invalidation_services as invalidations
from petitions.abuse.models import Invalidation
from petitions.models import Petition
from petitions.states import InvalidationState

INVALIDATION = f"{PETITION}/invalidations/<{ID}:invalidation_id>"
ACTS = {"cancel": invalidations.cancel, "undo": invalidations.undo}
SAID = {
    "cancel": lambda: _("Stopped. What it had taken out stays out until you undo it."),
    "undo": lambda: _("Undoing has begun: who was taken out counts again in a moment."),
}


@office.get(f"{PETITION}/invalidations")
def invalidation_list(petition_id: int) -> str:
    petition = services.get(petition_id)
    found = invalidations.list_of(petition)
    return render_template("office/invalidations.html", petition=petition, invalidations=found)


@office.route(f"{PETITION}/invalidations/new", methods=["GET", "POST"])
def new_invalidation(petition_id: int) -> Response:
    petition = services.get(petition_id)
    networks, waves = moderation_services.networks_of(petition), moderation_services.waves_of(petition)
    form = InvalidationForm.of(petition, networks=networks, waves=waves)
    if form.validate_on_submit():
        db.session.rollback()
        vault().prepare(SITE)
        try:
            made = invalidations.prepare(services.get(petition_id), form.condition(), actor=actor())
        except invalidations.NoCriteria:
            form.form_errors.append(_("Fill in at least one field: an empty condition would take out everybody."))
        else:
            db.session.commit()
            sentence = _("Nothing is taken out yet. Look at what was found, write the reason, then start.")
            return done(sentence, ".invalidation", petition_id=petition_id, invalidation_id=made.id)
    return form_page("office/invalidation_form.html", form, petition=petition)


@office.get(INVALIDATION)
def invalidation(petition_id: int, invalidation_id: int) -> Response:
    petition = services.get(petition_id)
    return _page(petition, invalidations.get(petition, invalidation_id), ReasonForm(formdata=None))


@office.post(f"{INVALIDATION}/start")
@body_limit(64 * 1024)
def start_invalidation(petition_id: int, invalidation_id: int) -> Response:
    petition, form = services.get(petition_id), ReasonForm()
    found = invalidations.get(petition, invalidation_id)
    if not form.validate():
        return _page(petition, found, form)
    try:
        moderation_services.start(found, actor=actor(), reason=form.reason.data or "")
    except invalidations.MovedOn:
        return moved_on(".invalidation", petition_id=petition_id, invalidation_id=invalidation_id)
    return _saved(found, _("It has begun. This page shows how far it is; it may be stopped and undone."))


@office.post(f"{INVALIDATION}/<any(cancel, undo):act_name>")
def act_on_invalidation(petition_id: int, invalidation_id: int, act_name: str) -> Response:
    found = invalidations.get(services.get(petition_id), invalidation_id)
    try:
        ACTS[act_name](found, actor=actor())
    except invalidations.MovedOn:
        return moved_on(".invalidation", petition_id=petition_id, invalidation_id=invalidation_id)
    return _saved(found, SAID[act_name]())


def _page(petition: Petition, found: Invalidation, form: ReasonForm) -> Response:
    try:
        condition = invalidations.condition_of(found)
    except invalidations.ConditionGone:
        condition = {}
    previewed = found.state == InvalidationState.PREVIEW and condition
    return form_page(
        "office/invalidation.html", form, petition=petition, invalidation=found,
        words=moderation_services.words_of(petition, condition),
        sample=invalidations.sample(petition, condition) if previewed else [],
        progress=invalidations.progress(found), mask=Mask(petition, "invalidations"),
    )  # fmt: skip


def _saved(found: Invalidation, sentence: str) -> Response:
    petition_id, invalidation_id = found.petition_id, found.id
    db.session.commit()
    return done(sentence, ".invalidation", petition_id=petition_id, invalidation_id=invalidation_id)
