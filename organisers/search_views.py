"""Whether an address has signed: the answer to somebody who writes to the organisers about their own signature."""

from flask import Response

from core import audit
from core.db import db
from organisers.answers import actor, form_page
from organisers.blueprint import office
from organisers.petitions.views import PETITION
from organisers.search_forms import SearchForm
from petitions import list_services, services


@office.route(f"{PETITION}/search", methods=["GET", "POST"])
def search(petition_id: int) -> Response:
    """The address is sent, never part of a URL; the audit chain keeps that somebody looked, not for whom."""
    petition, form, found = services.get(petition_id), SearchForm(), None
    if form.validate_on_submit():
        found = list_services.find_by_address(petition, form.email.data or "")
        audit.record("petition.searched", petition.scope, actor=actor(), found=any(found))
        db.session.commit()
    return form_page("office/search.html", form, petition=petition, found=found)
