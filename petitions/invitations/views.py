"""What the link of an invitation leads to: GET shows, the buttons act, and pressing again shows the same."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse

from core.db import db
from core.limits import own_bucket_within
from petitions import showing
from petitions.invitations import mails as invitation_mails
from petitions.invitations import services as invitation_services
from petitions.invitations.forms import AnswerForm, ColleagueForm, CorrectionForm
from petitions.invitations.models import Invitation
from petitions.invitations.services import InvitationGone, TooLate
from petitions.models import Petition
from petitions.states import HIDDEN_STATES

PROPOSALS = parse("60/hour")
ACTS: Mapping[str, Callable[[Petition, Invitation], None]] = {
    "sign": invitation_services.sign, "decline": invitation_services.decline, "withdraw": invitation_services.withdraw,
}  # fmt: skip

invitations = Blueprint("invitations", __name__, url_prefix="/invitations")


@invitations.errorhandler(InvitationGone)
def gone(error: InvitationGone) -> ResponseReturnValue:
    title = _("This link leads to no invitation")
    sentence = _(
        "It may not be complete. Copy the whole link from the mail, or ask whoever invited you to send it again."
    )
    links = [(url_for("petitions.index"), _("See the petitions"))]
    return render_template("signatures/done.html", title=title, sentence=sentence, links=links), 404


@invitations.get("/<secret>")
def show(secret: str) -> ResponseReturnValue:
    row, petition = _load(secret)
    return _page(secret, row, petition, AnswerForm(formdata=None, data={"who": request.args.get("who", "")}))


@invitations.post(f"/<secret>/<any({', '.join(ACTS)}):answer>")
def act(secret: str, answer: str) -> ResponseReturnValue:
    (row, petition), form = _load(secret), AnswerForm()
    if not form.validate():
        return _page(secret, row, petition, form, status=422)
    try:
        ACTS[answer](petition, row)
    except TooLate:
        return _page(secret, row, petition, form, status=409)
    db.session.commit()
    return redirect(url_for(".show", secret=secret), 303)


@invitations.post("/<secret>/correction")
def correct(secret: str) -> ResponseReturnValue:
    (row, petition), form = _load(secret), CorrectionForm()
    if not invitation_services.may_correct(row):
        return _page(secret, row, petition, AnswerForm(formdata=None), status=409)
    if not form.validate():
        return _page(secret, row, petition, AnswerForm(formdata=None), correction=form, status=422)
    if not own_bucket_within(PROPOSALS, "invitation", alone=row.public_id):
        abort(429)
    asked = {"role": form.role.data, "affiliation": form.affiliation.data}
    invitation_services.send("invitations.correct", {"invitation": row.id}, asked)
    db.session.commit()
    return redirect(url_for(".show", secret=secret, told="correction"), 303)


@invitations.get("/<secret>/colleague")
def colleague(secret: str) -> ResponseReturnValue:
    return _colleague_page(secret, *_load(secret), ColleagueForm(formdata=None))


@invitations.post("/<secret>/colleague")
def propose(secret: str) -> ResponseReturnValue:
    (row, petition), form = _load(secret), ColleagueForm()
    if not invitation_services.may_propose(petition, row):
        return _page(secret, row, petition, AnswerForm(formdata=None), status=409)
    if not form.validate():
        return _colleague_page(secret, row, petition, form, status=422)
    if not own_bucket_within(PROPOSALS, "invitation", alone=row.public_id):
        abort(429)
    proposal = {"petition": petition.id, "invitation": row.id}
    invitation_services.send("invitations.propose", proposal, form.sealed())
    db.session.commit()
    return redirect(url_for(".show", secret=secret, told="colleague"), 303)


def _load(secret: str) -> tuple[Invitation, Petition]:
    row = invitation_services.get(secret)
    return row, showing.behind_link(db.session.get_one(Petition, row.petition_id))


def _page(
    secret: str,
    row: Invitation,
    petition: Petition,
    form: AnswerForm,
    *,
    correction: CorrectionForm | None = None,
    status: int = 200,
) -> Response:
    page = render_template(
        "invitations/invitation.html", secret=secret, invitation=row, petition=petition, form=form,
        who=_who(row, form.who.data or ""), deadline=invitation_mails.deadline(petition, row),
        hindrance=invitation_services.hindrance(petition, row), told=request.args.get("told"),
        sentence=invitation_services.consent_sentence(petition), correction=correction or CorrectionForm(formdata=None),
        may_propose=invitation_services.may_propose(petition, row),
        public=petition.state not in HIDDEN_STATES and not petition.case.frozen_at,
    )  # fmt: skip
    return make_response(page, status)


def _colleague_page(
    secret: str, row: Invitation, petition: Petition, form: ColleagueForm, *, status: int = 200
) -> ResponseReturnValue:
    if not invitation_services.may_propose(petition, row):
        return redirect(url_for(".show", secret=secret))
    form.offer()
    page = render_template("invitations/colleague.html", secret=secret, petition=petition, form=form)
    return make_response(page, status)


def _who(row: Invitation, query: str) -> dict[str, Any] | None:
    return invitation_mails.read_who(query, row.digest or b"")
