"""Accounts of the office: who is in, what for, who is asked to come; for owners."""

from flask import make_response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.vault import SITE, vault
from organisers import services
from organisers.accounts import colleagues as people
from organisers.accounts import invitations, presence, words
from organisers.accounts.forms import InviteForm, RoleForm
from organisers.accounts.limiting import may_try, too_many_tries
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.cases.services import list_all
from organisers.login_forms import AcceptForm
from organisers.login_views import link_spent
from organisers.models import Organiser

COLLEAGUE = f"/colleagues/<{ID}:organiser_id>"
INVITATION = f"/colleagues/invitations/<{ID}:invitation_id>"
ENTRANCE = "/login/invitation/<secret>"


@office.get("/colleagues")
def colleagues() -> str:
    return render_template(
        "office/colleagues.html", section="colleagues", accounts=people.list_all(), held=people.memberships(),
        pending=invitations.pending(), roles=words.ROLES,
    )  # fmt: skip


@office.route("/colleagues/invite", methods=["GET", "POST"])
def invite_colleague() -> Response:
    form = InviteForm().offer(list_all())
    if not form.validate_on_submit():
        return _invite_page(form)
    vault().prepare(SITE)
    try:
        invitations.invite(form.email.data or "", *form.given(), actor=actor())
    except services.EmailRefused as error:
        form.email.errors = [str(error)]
    except invitations.HasAccount:
        form.email.errors = [_("Somebody with this address has an account already: see the list.")]
    except invitations.InvitedAlready:
        form.email.errors = [_("This address was invited before: see the list, where you can send it again.")]
    else:
        db.session.commit()
        return done(_("The invitation is on its way. Its link works once, within three days."), ".colleagues")
    db.session.rollback()
    return _invite_page(form)


@office.post(f"{INVITATION}/again")
def resend_office_invitation(invitation_id: int) -> Response:
    vault().prepare(SITE)
    invitations.resend(invitations.get(invitation_id), actor=actor())
    db.session.commit()
    return done(_("A new link is on its way; the one before works no more."), ".colleagues")


@office.post(f"{INVITATION}/revoke")
def revoke_office_invitation(invitation_id: int) -> Response:
    invitations.revoke(invitations.get(invitation_id), actor=actor())
    db.session.commit()
    return done(_("The invitation is taken back: its link works no more."), ".colleagues")


@office.route(COLLEAGUE, methods=["GET", "POST"])
def colleague(organiser_id: int) -> Response:
    found = people.get(organiser_id)
    form = RoleForm().offer(list_all())
    if not form.validate_on_submit():
        return _page(found, form)
    try:
        people.add_role(found, *form.given(), actor=actor())
    except people.HeldEverywhere:
        form.role.errors = [
            _("This role is held in every case already. Take it away first, then give it for some cases.")
        ]
        return _page(found, form)
    db.session.commit()
    return done(_("The role is given. It holds from now on."), ".colleague", organiser_id=organiser_id)


@office.post(f"{COLLEAGUE}/roles/<{ID}:membership_id>/take")
def take_role(organiser_id: int, membership_id: int) -> Response:
    try:
        people.take_role(people.get(organiser_id), membership_id, actor=actor())
    except people.LastOwner:
        db.session.rollback()
        return done(last_owner(), ".colleague", organiser_id=organiser_id)
    db.session.commit()
    sentence = _("The role is taken away. That holds from now on.")
    if presence.organiser().id == organiser_id:  # who has just stopped being an owner may not see the page
        return done(sentence, ".dashboard")
    return done(sentence, ".colleague", organiser_id=organiser_id)


@office.post(f"{COLLEAGUE}/close")
def close_account(organiser_id: int) -> Response:
    try:
        people.close(people.get(organiser_id), actor=actor())
    except people.LastOwner:
        db.session.rollback()
        return done(last_owner(), ".colleague", organiser_id=organiser_id)
    db.session.commit()
    return done(_("The account is closed, and its sessions have ended. You can open it again."), ".colleagues")


@office.post(f"{COLLEAGUE}/reopen")
def reopen_account(organiser_id: int) -> Response:
    people.reopen(people.get(organiser_id), actor=actor())
    db.session.commit()
    return done(_("The account is open again."), ".colleagues")


@office.get(ENTRANCE)
def invited(secret: str) -> Response:
    return _entrance(secret, AcceptForm(formdata=None))


@office.post(ENTRANCE)
def accept_invitation(secret: str) -> Response:
    form = AcceptForm()
    if not may_try("login-invitation"):
        return too_many_tries()
    if not form.validate():
        return _entrance(secret, form)
    try:
        organiser = invitations.accept(secret, password=form.password.data or "")
    except invitations.InvitationSpent:
        return link_spent()
    except services.PasswordRefused as error:
        db.session.rollback()
        form.password.errors = [str(error)]
        return _entrance(secret, form)
    presence.enter(organiser, by="invitation")
    return done(
        _("You are in. Set up a second factor next, so that nobody else gets in with your mail or password."),
        ".factor_list",
    )


def last_owner() -> str:
    return _("This is the only owner. Make somebody else an owner first.")


def _entrance(secret: str, form: AcceptForm) -> Response:
    try:
        invitation = invitations.check(secret)
    except invitations.InvitationSpent:
        return link_spent()
    page = render_template(
        "office/invited.html", form=form, secret=secret, invitation=invitation, role=words.ROLES[invitation.role],
        may_do=words.MAY[invitation.role],
    )  # fmt: skip
    return make_response(page, 422 if form.errors else 200)


def _invite_page(form: InviteForm) -> Response:
    return form_page("office/invite_colleague.html", form, section="colleagues")


def _page(found: Organiser, form: RoleForm) -> Response:
    held = people.memberships().get(found.id, [])
    return form_page("office/colleague.html", form, section="colleagues", colleague=found, held=held, roles=words.ROLES)
