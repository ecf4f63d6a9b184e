"""What is done to a delivery in the office: approved, refused, cancelled, fetched; its cover sheet's code shown."""

from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import audit
from core.db import db
from deliveries import asking
from deliveries.models import Delivery
from deliveries.packs import store
from deliveries.states import DeliveryState
from deliveries.streams import in_own_context
from organisers.accounts import presence
from organisers.answers import actor, done, moved_on
from organisers.blueprint import office
from organisers.deliveries import services as delivery_services
from organisers.deliveries.forms import RefusalForm
from organisers.deliveries.views import DELIVERY, page
from petitions import services


@office.post(f"{DELIVERY}/approve")
def approve_delivery(petition_id: int, delivery_id: int) -> Response:
    found = _get(petition_id, delivery_id)
    try:
        asking.approve(found, by=presence.organiser().id, actor=actor())
    except asking.NeedsAnother:
        return _back(found, _("You asked for it yourself, so the yes must come from somebody else."))
    except asking.MovedOn:
        return moved_on(".delivery", petition_id=petition_id, delivery_id=delivery_id)
    return _back(found, _("Approved. It is being made; this page shows how far it is."))


@office.post(f"{DELIVERY}/refuse")
def refuse_delivery(petition_id: int, delivery_id: int) -> Response:
    found, form = _get(petition_id, delivery_id), RefusalForm()
    if not form.validate():
        return page(found, form)
    try:
        asking.refuse(found, form.reason.data or "", actor=actor())
    except asking.MovedOn:
        return moved_on(".delivery", petition_id=petition_id, delivery_id=delivery_id)
    return _back(found, _("Refused. Nothing was made; your reason stands on this page."))


@office.post(f"{DELIVERY}/cancel")
def cancel_delivery(petition_id: int, delivery_id: int) -> Response:
    found = _get(petition_id, delivery_id)
    try:
        asking.cancel(found, actor=actor())
    except asking.MovedOn:
        return moved_on(".delivery", petition_id=petition_id, delivery_id=delivery_id)
    return _back(found, _("Cancelled. Nothing of it stays."))


@office.post(f"{DELIVERY}/fetch")
def fetch_delivery(petition_id: int, delivery_id: int) -> Response:
    """The pack itself; the audit chain has its entry before the first byte leaves."""
    found = _get(petition_id, delivery_id)
    if found.state != DeliveryState.READY:
        return moved_on(".delivery", petition_id=petition_id, delivery_id=delivery_id)
    try:
        file, chunks = store.pack_file(found), store.read(found)
    except store.PackGone:
        return _back(
            found,
            _("Its file is not in the store. Ask whoever runs the site to run “flask doctor”, or ask for it anew."),
        )
    delivery_services.note_fetch(found, actor=actor())
    db.session.commit()
    answer = FlaskResponse(in_own_context(chunks), content_type=file.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="delivery-{file.name}"'  # its id: neutral
    answer.content_length = file.size
    return answer


@office.post(f"{DELIVERY}/code")
def show_cover_code(petition_id: int, delivery_id: int) -> Response:
    """The code on the cover sheet of a dangerous case, for who must read it to the recipient; noted in the audit chain."""
    found = _get(petition_id, delivery_id)
    code = delivery_services.cover_code(found)
    if code is None:
        return _back(found, _("This delivery has no code, or none that can still be shown."))
    audit.record("delivery.code_shown", delivery_services.subject_of(found), actor=actor())
    db.session.commit()
    return page(found, code=code)


def _get(petition_id: int, delivery_id: int) -> Delivery:
    return asking.get(services.get(petition_id), delivery_id)


def _back(found: Delivery, sentence: str) -> Response:
    values = {"petition_id": found.petition_id, "delivery_id": found.id}
    db.session.commit()
    return done(sentence, ".delivery", **values)
