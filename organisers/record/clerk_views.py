"""Links for the clerk who keeps the file: sent, with a code that is told by telephone, and taken back."""

from flask import make_response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.vault import SITE, vault
from deliveries.clerk import codes, links
from organisers.answers import actor
from organisers.blueprint import ID, office
from organisers.record.forms import ClerkForm
from organisers.record.views import RECORD, find, record_page, saved

CLERK = f"{RECORD}/clerk"


@office.post(CLERK)
def send_clerk_link(petition_id: int, delivery_id: int) -> Response:
    """Shows the code once, in the answer itself: no address leads to it again."""
    vault().prepare(SITE)
    found, form = find(petition_id, delivery_id), ClerkForm()
    if not form.validate():
        return record_page(found, clerk=form)
    try:
        code = links.send(found, form.email.data or "", actor=actor())
    except links.NothingToSend:
        form.email.errors = [_("The pack is not there: it has expired, or it was never made. Make a new delivery.")]
        return record_page(found, clerk=form)
    db.session.commit()
    page = render_template(
        "office/clerk_code.html",
        petition=found.petition,
        delivery=found,
        email=form.email.data,
        code=codes.in_groups(code),
    )
    return make_response(page)


@office.post(f"{CLERK}/<{ID}:link_id>/revoke")
def revoke_clerk_link(petition_id: int, delivery_id: int, link_id: int) -> Response:
    found = find(petition_id, delivery_id)
    links.revoke(found, link_id, actor=actor())
    return saved(found, _("The link is dead, and the clerk’s copy and address are deleted."))
