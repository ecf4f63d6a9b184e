"""Deliveries in the office: what there is, what one would hold, how far it is, what became of it."""

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import site_signature
from core.db import db
from core.guards import with_scripts
from core.vault import SITE, vault
from deliveries import asking
from deliveries.models import Delivery
from deliveries.states import UNDER_WAY, DeliveryState
from organisers.accounts import presence
from organisers.answers import PREVIEW, done, form_page, previewed
from organisers.blueprint import ID, office
from organisers.deliveries import services as delivery_services
from organisers.deliveries import words
from organisers.deliveries.forms import DeliveryForm, RefusalForm
from organisers.masking import Mask, lift
from organisers.petitions.views import PETITION
from petitions import services
from petitions.models import Petition

DELIVERY = f"{PETITION}/deliveries/<{ID}:delivery_id>"
ROOM = "deliveries"  # of masked names
NAMES = "names"  # the button that asks for the preview's names


@office.get(f"{PETITION}/deliveries")
def delivery_list(petition_id: int) -> str:
    petition = services.get(petition_id)
    found, takes = asking.list_of(petition), delivery_services.takes_deliveries(petition)
    return render_template("office/deliveries.html", petition=petition, deliveries=found, takes=takes, words=words)


@office.route(f"{PETITION}/deliveries/new", methods=["GET", "POST"])
def new_delivery(petition_id: int) -> Response:
    petition = services.get(petition_id)
    if not delivery_services.takes_deliveries(petition):
        sentence = _("Nothing can be handed over: the petition is a draft, or its data is erased.")
        return done(sentence, ".delivery_list", petition_id=petition_id)
    form = DeliveryForm.of(petition)
    if not form.validate_on_submit():
        return _form(petition, form)
    if delivery_services.is_empty(petition, form.wishes(petition)):
        form.form_errors.append(_("Nobody would stand on this list. Choose other countries, or give only the number."))
        return _form(petition, form)
    return _previewed(petition, form) if previewed() else _asked(petition, form)


@office.get(DELIVERY)
def delivery(petition_id: int, delivery_id: int) -> Response:
    petition = services.get(petition_id)
    return page(asking.get(petition, delivery_id))


def page(found: Delivery, form: RefusalForm | None = None, **shown: Any) -> Response:
    """Everything about a delivery; 422 where the reason of a refusal must change."""
    me, key = presence.organiser().id, found.key_fingerprint
    answer = form_page(
        "office/delivery.html", form or RefusalForm(formdata=None), petition=found.petition, delivery=found, words=words,
        people=delivery_services.addresses([found.created_by, found.approved_by]), mine=found.created_by == me,
        approvers=delivery_services.approvers(found.petition, but=found.created_by), moving=found.state in UNDER_WAY,
        open=found.state in (DeliveryState.WAITING, *UNDER_WAY), percent=delivery_services.percent(found),
        fetches=delivery_services.fetches(found), corrections=delivery_services.corrections(found),
        since=delivery_services.goes_on_from(found), lines=delivery_services.lines_now(found),
        fingerprint=site_signature.in_groups(key) if key else "", **shown,
    )  # fmt: skip
    return with_scripts(answer) if found.state in UNDER_WAY else answer


def _form(petition: Petition, form: DeliveryForm, **shown: Any) -> Response:
    alone = not delivery_services.needs_another(petition, presence.organiser().id)
    return form_page("office/delivery_form.html", form, petition=petition, alone=alone, words=words, **shown)


def _previewed(petition: Petition, form: DeliveryForm) -> Response:
    """The form again, with what it would give; people by their first letters until their names are asked for."""
    try:
        preview = delivery_services.preview(petition, form.wishes(petition))
    except delivery_services.Unreadable:
        sentence = _("A signature cannot be opened on this machine. Ask whoever runs the site to run “flask doctor”.")
        form.form_errors.append(sentence)
        return _form(petition, form)
    if request.form[PREVIEW] == NAMES:
        lift(petition, ROOM)
    return _form(petition, form, preview=preview, mask=Mask(petition, ROOM))


def _asked(petition: Petition, form: DeliveryForm) -> Response:
    db.session.rollback()
    vault().prepare(SITE)
    petition = services.get(petition.id)
    try:
        made = delivery_services.ask(petition, form.wishes(petition), presence.organiser())
    except asking.WrongWish as error:
        form[error.field].errors = [str(error.sentence)]
        return _form(petition, form)
    values = {"petition_id": petition.id, "delivery_id": made.id}
    sentence = (
        _("A second person must say yes. Whoever may has got a mail.")
        if made.state == DeliveryState.WAITING
        else _("It is being made. This page shows how far it is; you may leave it and come back.")
    )
    db.session.commit()
    return done(sentence, ".delivery", **values)
