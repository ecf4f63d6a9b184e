"""Recipients of a petition: added, edited, removed."""

from functools import partial

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from organisers.answers import actor, form_page
from organisers.blueprint import ID, office
from organisers.petitions import services as petition_services
from organisers.petitions import words
from organisers.petitions.forms import RecipientForm, RemoveRecipientForm
from organisers.petitions.views import PETITION, asked_why, petition_page, saved
from petitions import services
from petitions.versions import services as versions

RECIPIENT = f"{PETITION}/recipients/<{ID}:recipient_id>"


@office.route(f"{PETITION}/recipients/new", methods=["GET", "POST"])
def new_recipient(petition_id: int) -> Response:
    petition = services.get(petition_id)
    form = RecipientForm.of(petition)
    if form.validate_on_submit():
        try:
            petition_services.add_recipient(petition, actor=actor(), **form.values())
        except versions.ReasonMissing:
            form = asked_why(RecipientForm.of, petition)
        else:
            return saved(petition, _("The recipient is added."))
    return form_page("office/recipient_form.html", form, petition=petition, recipient=None)


@office.route(RECIPIENT, methods=["GET", "POST"])
def edit_recipient(petition_id: int, recipient_id: int) -> Response:
    petition = services.get(petition_id)
    recipient = petition_services.get_recipient(petition, recipient_id)
    form = RecipientForm.of(petition, recipient)
    if form.validate_on_submit():
        try:
            petition_services.edit_recipient(recipient, actor=actor(), **form.values())
        except versions.ReasonMissing:
            form = asked_why(partial(RecipientForm.of, recipient=recipient), petition)
        else:
            return saved(petition, _("Saved."))
    return form_page("office/recipient_form.html", form, petition=petition, recipient=recipient)


@office.post(f"{RECIPIENT}/remove")
def remove_recipient(petition_id: int, recipient_id: int) -> Response:
    petition, form = services.get(petition_id), RemoveRecipientForm()
    recipient = petition_services.get_recipient(petition, recipient_id)
    if not form.validate():
        return petition_page(petition, problems=form.reason.errors, status=422)
    try:
        petition_services.remove_recipient(recipient, actor=actor(), **form.values())
    except petition_services.LastRecipient:
        alone = _("Add the new recipient first: a petition that people have signed needs somebody to whom it goes.")
        return petition_page(petition, problems=[alone], status=422)
    except versions.ReasonMissing:
        db.session.rollback()
        return petition_page(petition, problems=[words.reason_missing()], status=422)
    return saved(petition, _("The recipient is removed."))
