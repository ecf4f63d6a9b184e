"""What waits for somebody: disputes with their deadlines, and events from Stripe that were set aside."""

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from donations import services as donations
from organisers.answers import actor, done
from organisers.blueprint import office
from organisers.gifts import services as gift_services
from organisers.gifts import words

EVENTS_SHOWN = 200


@office.get("/disputes")
def dispute_list() -> str:
    return render_template(
        "office/disputes.html", section="gifts", open=gift_services.open_disputes(),
        decided=gift_services.decided_disputes(), words=words.EVERY,
    )  # fmt: skip


@office.get("/stripe-events")
def stripe_events() -> str:
    return render_template(
        "office/stripe_events.html", section="gifts", waiting=donations.attention(EVENTS_SHOWN),
        settled=gift_services.settled_events(),
    )  # fmt: skip


@office.post("/stripe-events/<event_id>/settle")
def settle_event(event_id: str) -> Response:
    try:
        gift_services.settle_event(event_id, actor=actor())
    except gift_services.SettledAlready:
        db.session.rollback()
        return done(_("Somebody else has settled this event meanwhile."), ".stripe_events")
    db.session.commit()
    return done(_("The event is settled."), ".stripe_events")
