"""Recipients of a petition: added, edited, removed."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from organisers.answers import actor, form_page
from organisers.blueprint import ID, office
from organisers.petitions import services as petition_services
from organisers.petitions.forms import RecipientForm
from organisers.petitions.views import PETITION, petition_page, saved
from petitions import services

RECIPIENT = f"{PETITION}/recipients/<{ID}:recipient_id>"


@office.route(f"{PETITION}/recipients/new", methods=["GET", "POST"])
def new_recipient(petition_id: int) -> Response:
    petition, form = services.get(petition_id), RecipientForm()
    if form.validate_on_submit():
        petition_services.add_recipient(petition, actor=actor(), **form.values())
        return saved(petition, _("The recipient is added."))
    return form_page("office/recipient_form.html", form, petition=petition, recipient=None)


@office.route(RECIPIENT, methods=["GET", "POST"])
def edit_recipient(petition_id: int, recipient_id: int) -> Response:
    petition = services.get(petition_id)
    recipient = petition_services.get_recipient(petition, recipient_id)
    form = RecipientForm(obj=recipient)
    if form.validate_on_submit():
        petition_services.edit_recipient(recipient, actor=actor(), **form.values())
        return saved(petition, _("Saved."))
    return form_page("office/recipient_form.html", form, petition=petition, recipient=recipient)


@office.post(f"{RECIPIENT}/remove")
def remove_recipient(petition_id: int, recipient_id: int) -> Response:
    petition = services.get(petition_id)
    recipient = petition_services.get_recipient(petition, recipient_id)
    try:
        petition_services.remove_recipient(recipient, actor=actor())
    except petition_services.LastRecipient:
        alone = _("Add the new recipient first: a petition that people have signed needs somebody to whom it goes.")
        return petition_page(petition, problems=[alone], status=422)
    return saved(petition, _("The recipient is removed."))
