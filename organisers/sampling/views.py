"""What officials asked of a delivery's list: an organiser approves or refuses, and sees the counts, never an answer."""

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from deliveries import asking
from deliveries.models import Delivery
from deliveries.sampling import services, words
from organisers.answers import actor, done, moved_on
from organisers.blueprint import ID, office
from organisers.petitions.views import PETITION
from petitions import services as petition_services

SAMPLES = f"{PETITION}/deliveries/<{ID}:delivery_id>/samples"


@office.get(SAMPLES)
def sample_list(petition_id: int, delivery_id: int) -> str:
    delivery = _get(petition_id, delivery_id)
    rows = [(sample, words.tell(delivery.petition, sample)) for sample in services.list_of(delivery)]
    offered = services.offered(delivery)
    return render_template(
        "office/samples.html", delivery=delivery, petition=delivery.petition, samples=rows, offered=offered
    )


@office.post(f"{SAMPLES}/<{ID}:sample_id>/approve")
def approve_sample(petition_id: int, delivery_id: int, sample_id: int) -> Response:
    delivery = _get(petition_id, delivery_id)
    try:
        services.approve(delivery, services.get(delivery, sample_id), actor=actor())
    except asking.MovedOn:
        return moved_on(".sample_list", petition_id=petition_id, delivery_id=delivery_id)
    except services.NotOffered:
        db.session.rollback()
        sentence = _("Nobody may be asked now, so nothing was done. This page says why.")
        return done(sentence, ".sample_list", petition_id=petition_id, delivery_id=delivery_id)
    return _saved(delivery, _("Approved. Those on the lines who agreed to be asked are written to."))


@office.post(f"{SAMPLES}/<{ID}:sample_id>/refuse")
def refuse_sample(petition_id: int, delivery_id: int, sample_id: int) -> Response:
    delivery = _get(petition_id, delivery_id)
    try:
        services.refuse(delivery, services.get(delivery, sample_id), actor=actor())
    except asking.MovedOn:
        return moved_on(".sample_list", petition_id=petition_id, delivery_id=delivery_id)
    return _saved(delivery, _("Refused. Nobody is written to; another sample may be asked for."))


def _get(petition_id: int, delivery_id: int) -> Delivery:
    return asking.get(petition_services.get(petition_id), delivery_id)


def _saved(delivery: Delivery, sentence: str) -> Response:
    petition_id, delivery_id = delivery.petition_id, delivery.id
    db.session.commit()
    return done(sentence, ".sample_list", petition_id=petition_id, delivery_id=delivery_id)
