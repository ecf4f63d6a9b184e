"""The page on which an organisation adds itself to an open petition; the same for everybody, whatever is known here."""

from flask import Response, abort, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from limits import parse

from core.db import db
from core.guards import cacheable
from core.limits import own_bucket_within
from core.switches import switches
from petitions import services
from petitions.blueprint import petitions
from petitions.invitations import services as invitation_services
from petitions.invitations.forms import OrganisationForm
from petitions.models import Petition

ORGANISATIONS = parse("20/hour")


@petitions.get("/<slug>/organisation")
def organisation(slug: str) -> ResponseReturnValue:
    petition = services.get_public(slug)
    if not (petition.open and switches().signing):
        return _closed(petition)
    return cacheable(_page(petition, OrganisationForm(formdata=None)))


@petitions.post("/<slug>/organisation")
def add_organisation(slug: str) -> ResponseReturnValue:
    petition, form = services.get_public(slug), OrganisationForm()
    if not (petition.open and switches().signing):
        return make_response(_closed(petition), 409)
    if not form.validate():
        return make_response(_page(petition, form), 422)
    if not own_bucket_within(ORGANISATIONS, "organisation"):
        abort(429)
    invitation_services.send("invitations.organisation", {"petition": petition.id}, form.sealed())
    db.session.commit()
    return redirect(url_for(".organisation_sent", slug=slug), 303)


@petitions.get("/<slug>/organisation/sent")
def organisation_sent(slug: str) -> Response:
    petition = services.get_public(slug)
    return cacheable(make_response(render_template("invitations/organisation_sent.html", petition=petition)))


def _page(petition: Petition, form: OrganisationForm) -> Response:
    form.offer()
    return make_response(render_template("invitations/organisation.html", petition=petition, form=form))


def _closed(petition: Petition) -> str:
    template = "petitions/halted.html" if petition.open else "petitions/closed.html"
    return render_template(template, petition=petition, case=petition.case)
