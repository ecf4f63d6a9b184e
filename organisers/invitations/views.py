"""Invitations in the office: who is asked, how each stands, in which order they are shown."""

from collections.abc import Sequence

from flask import make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from core import countries
from core.db import db
from core.guards import body_limit
from core.vault import vault
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.cases.views import LONG_TEXTS
from organisers.invitations import services as invitation_services
from organisers.invitations.corrections import NothingDone, OtherWords
from organisers.invitations.forms import InvitationForm, ManyForm, PlaceForm
from organisers.invitations.services import Added, MailedEnough, NotHere, NotOpen
from organisers.masking import Mask
from petitions import services
from petitions.models import Petition

INVITATIONS = f"/petitions/<{ID}:petition_id>/invitations"
INVITATION = f"{INVITATIONS}/<{ID}:invitation_id>"
ACTS = ", ".join(invitation_services.ACTS)


@office.get(INVITATIONS)
def invitation_list(petition_id: int) -> Response:
    return _list(services.get(petition_id))


@office.route(f"{INVITATIONS}/new", methods=["GET", "POST"])
def new_invitation(petition_id: int) -> Response:
    petition, form = services.get(petition_id), InvitationForm()
    if form.validate_on_submit():
        added = invitation_services.add(petition, [form.values()], actor=actor())
        if added.new:
            return _saved(petition, _added(added))
        db.session.rollback()
        form.email.errors = [_("This mailbox has an invitation to this letter, or has declined it.")]
    return form_page("office/invitation_form.html", form, petition=petition)


@office.route(f"{INVITATIONS}/many", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def new_invitations(petition_id: int) -> Response:
    petition, form = services.get(petition_id), ManyForm()
    if form.validate_on_submit():
        return _saved(petition, _added(invitation_services.add(petition, form.people, actor=actor())))
    return form_page("office/invitation_many.html", form, petition=petition)


@office.post(f"{INVITATIONS}/all/<any(invite, remind):step>")
def act_on_all_invitations(petition_id: int, step: str) -> Response:
    petition = services.get(petition_id)
    try:
        number = invitation_services.act_on_all(petition, step, actor=actor())
    except NotOpen:
        return _refused(petition, _not_open(), 409)
    said = ngettext("%(number)s mail is on its way.", "%(number)s mails are on their way.", number, number=number)
    return _saved(petition, said)


@office.post(f"{INVITATION}/<any({ACTS}):step>")
def act_on_invitation(petition_id: int, invitation_id: int, step: str) -> Response:
    petition = services.get(petition_id)
    vault().prepare(petition.scope)  # a correction seals anew
    row = invitation_services.get(petition, invitation_id)
    try:
        shown = {"seen": request.form.get("seen", "")} if step in ("correct", "keep") else {}
        invitation_services.act(petition, row, step, actor=actor(), **shown)
    except OtherWords:
        return _refused(petition, _("They ask for other words by now, which are shown here. Nothing was done."), 409)
    except NothingDone:
        return _refused(petition, _("It stands otherwise by now. How it stands is shown here; nothing was done."), 409)
    except NotOpen:
        return _refused(petition, _not_open(), 409)
    except MailedEnough:
        return _refused(
            petition, _("A mail went less than an hour ago, or three have gone already: no more is sent."), 409
        )
    return _saved(petition, _said(step))


@office.post(f"{INVITATION}/move")
def move_invitation(petition_id: int, invitation_id: int) -> Response:
    petition, form = services.get(petition_id), PlaceForm()
    row = invitation_services.get(petition, invitation_id)
    if not form.validate_on_submit() or form.place.data is None:
        return _refused(petition, _("Write the place as a whole number, like 3."), 422)
    try:
        invitation_services.move(petition, row, place=form.place.data, actor=actor())
    except NotHere:
        return _refused(petition, _("It has ended by now, so that it has no place any more."), 409)
    return _saved(petition, _("The order is saved."))


def _list(petition: Petition, *, problems: Sequence[str] = (), status: int = 200) -> Response:
    page = render_template(
        "office/invitations.html", petition=petition, problems=problems, ended=invitation_services.ended(petition),
        groups=invitation_services.lines(petition), takes=invitation_services.takes_answers(petition),
        country_name=countries.name_of, mask=Mask(petition, "invitations"),
    )  # fmt: skip
    return make_response(page, status)


def _refused(petition: Petition, sentence: str, status: int) -> Response:
    db.session.rollback()
    return _list(petition, problems=[sentence], status=status)


def _saved(petition: Petition, sentence: str) -> Response:
    db.session.commit()
    return done(sentence, ".invitation_list", petition_id=petition.id)


def _added(added: Added) -> str:
    """What became of those who were entered."""
    sentences = [ngettext("%(number)s person is added.", "%(number)s people are added.", added.new, number=added.new)]
    if added.mailed:
        sentences.append(_("Their invitations are on the way by mail."))
    elif added.new:
        sentences.append(_("No mail goes before the petition is open and you press “Mail those who wait”."))
    if added.known:
        known = ngettext(
            "%(number)s mailbox had an invitation here already, or has declined.",
            "%(number)s mailboxes had an invitation here already, or have declined.",
            added.known, number=added.known,
        )  # fmt: skip
        sentences.append(known)
    return " ".join(sentences)


def _not_open() -> str:
    return _("The petition takes no signatures now, so nobody can be asked. Open it first.")


def _said(step: str) -> str:
    return {
        "invite": _("The invitation is on its way by mail."),
        "resend": _("The mail with the same link goes once more."),
        "remind": _("The reminder is on its way by mail."),
        "take_back": _("Taken back: the name is deleted, and no page shows it."),
        "correct": _("The role is changed; the page follows within a minute."),
        "keep": _("The role stays as it was."),
    }[step]
