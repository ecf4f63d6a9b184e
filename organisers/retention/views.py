"""Retention in the office: when a petition's data goes, a legal hold that stops it, and erasing the petition."""

from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from deliveries import asking
from deliveries.states import PUBLISHED
from organisers.answers import actor, done, form_page
from organisers.blueprint import office
from organisers.petitions.views import PETITION
from organisers.retention import services as retention_services
from organisers.retention.forms import DeliveryForm, EraseForm, HoldForm
from petitions import deadlines, services
from petitions.keeping import erasure, holds
from petitions.models import Petition

PAGE = "office/retention.html"


@office.get(f"{PETITION}/retention")
def retention(petition_id: int) -> Response:
    return _page(services.get(petition_id))


@office.post(f"{PETITION}/retention")
def record_delivery(petition_id: int) -> Response:
    found, form = services.get(petition_id), DeliveryForm()
    if not form.validate():
        return _page(found, delivery=form)
    try:
        retention_services.record_delivery(found, actor=actor(), **form.values())
    except retention_services.NotYet:
        form.on.errors = [_("This day is still to come: note the delivery once it has happened.")]
        return _page(found, delivery=form)
    except retention_services.StillSigning:
        form.on.errors = [_("People can still sign. Close the petition first.")]
        return _page(found, delivery=form)
    return _saved(found, _("The delivery is noted. The names go as this page says."))


@office.post(f"{PETITION}/hold")
def hold(petition_id: int) -> Response:
    found, form = services.get(petition_id), HoldForm()
    if not form.validate():
        return _page(found, holding=form)
    holds.hold(found, actor=actor(), **form.values())
    return _saved(found, _("Nothing of this petition is deleted by a clock until the hold is lifted."))


@office.post(f"{PETITION}/hold/lift")
def lift_hold(petition_id: int) -> Response:
    found, form = services.get(petition_id), HoldForm()
    if not form.validate():
        return _page(found, holding=form)
    holds.lift(found, actor=actor(), **form.values())
    return _saved(found, _("The hold is lifted. What has run out meanwhile is deleted within a day."))


@office.route(f"{PETITION}/erase", methods=["GET", "POST"])
def erase(petition_id: int) -> Response:
    found, form = services.get(petition_id), EraseForm()
    if form.validate_on_submit():
        try:
            erasure.erase(found, actor=actor(), **form.values())
        except erasure.NotTyped:
            form.typed.errors = [_("This is not the address of this petition. Type %(slug)s.", slug=found.slug)]
        except erasure.UnderHold:
            form.typed.errors = [_("A legal hold stands: lift it first.")]
        except erasure.NothingThere:
            form.typed.errors = [_("There is nothing to erase: nobody can have signed, or it has been done.")]
        else:
            return _saved(found, _("The petition is being erased. It takes from seconds to some minutes."))
    return form_page("office/erase.html", form, petition=found)


def _page(found: Petition, **forms: Any) -> Response:
    """The page; with what was typed in the form that did not hold."""
    days = {
        "on": found.delivered_at and found.delivered_at.astimezone(ZoneInfo(found.time_zone)).date(),
        "days": found.retention_days,
    }
    empty = {"delivery": DeliveryForm(formdata=None, data=days), "holding": HoldForm(formdata=None)}
    sent = next(iter(forms.values()), empty["holding"])
    clocks = {"delivered": deadlines.delivered_due(found), "everybody": deadlines.everybody_due(found)}
    offered = {"deliver": retention_services.takes_delivery(found), "erase": erasure.may_erase(found)}
    unconfirmed, counted = deadlines.UNCONFIRMED.days, deadlines.COUNTED.days
    return form_page(
        PAGE,
        sent,
        petition=found,
        clocks=clocks,
        offered=offered,
        unconfirmed=unconfirmed,
        counted=counted,
        delivered=[one for one in asking.list_of(found) if one.state in PUBLISHED],
        erasing=found.erased_at is not None and erasure.under_way(found),
        **{**empty, **forms},
    )


def _saved(found: Petition, sentence: str) -> Response:
    db.session.commit()
    return done(sentence, ".retention", petition_id=found.id)
