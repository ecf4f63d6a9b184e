"""One's own account: password, address, and the sessions that are open."""

from flask import make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.vault import SITE, vault
from organisers import services
from organisers.accounts import addresses, factors, presence, sessions
from organisers.accounts.forms import AddressForm
from organisers.accounts.limiting import may_try, too_many_tries
from organisers.answers import done, form_page
from organisers.blueprint import ID, office
from organisers.login_forms import PasswordForm
from organisers.login_views import link_spent

SESSIONS = "/account/sessions"


@office.route("/account", methods=["GET", "POST"])
def account() -> Response:
    form, organiser = PasswordForm(), presence.organiser()
    if not form.validate_on_submit():
        return _page(form)
    if _proof_is_due():
        return redirect(url_for(".prove", next=url_for(".account"), again=1), 303)
    if organiser.password and not may_try("password", organiser.email):
        return too_many_tries()
    given = presence.here().factor_at is not None
    vault().prepare(SITE)
    try:
        services.change_password(organiser, current=form.current.data or "", password=form.password.data or "")
    except services.LoginRefused:
        form.current.errors = [_("That is not your present password.")]
        return _page(form)
    except services.PasswordRefused as error:
        form.password.errors = [str(error)]
        return _page(form)
    presence.enter(organiser, by="password", factor_given=given)
    return done(_("Your password is set. Every other session of yours has ended."), "office.dashboard")


@office.post(f"{SESSIONS}/<{ID}:session_id>/end")
def end_session(session_id: int) -> Response:
    sessions.end(presence.organiser(), session_id)
    db.session.commit()
    return done(_("The session is ended: that browser must log in again."), ".account")


@office.post(f"{SESSIONS}/end-others")
def end_other_sessions() -> Response:
    sessions.end_others(presence.here())
    db.session.commit()
    return done(_("Every other session of yours is ended."), ".account")


@office.route("/account/address", methods=["GET", "POST"])
def change_address() -> Response:
    form = AddressForm()
    if not form.validate_on_submit():
        return form_page("office/address_form.html", form, section="account")
    if not may_try("address", presence.organiser().email):
        form.email.errors = [
            _("You have asked for many changes just now. Wait a quarter of an hour, then send it again.")
        ]
        page = form_page("office/address_form.html", form, section="account")
        page.status_code = 429
        return page
    vault().prepare(SITE)
    try:
        addresses.ask(presence.organiser(), form.email.data or "")
    except services.EmailRefused as error:
        form.email.errors = [str(error)]
    except addresses.AddressTaken:
        form.email.errors = [_("This address has an account here already. Write another one.")]
    else:
        db.session.commit()
        return done(
            _("A mail is on its way to the new address. Open the link in it; until then nothing changes."), ".account"
        )
    return form_page("office/address_form.html", form, section="account")


@office.get("/login/address/<secret>")
def new_address(secret: str) -> Response:
    try:
        addresses.check(secret)
    except addresses.ChangeSpent:
        return link_spent()
    return make_response(render_template("office/new_address.html", secret=secret))


@office.post("/login/address/<secret>")
def confirm_address(secret: str) -> Response:
    vault().prepare(SITE)
    try:
        addresses.confirm(secret)
    except (addresses.ChangeSpent, addresses.AddressTaken):
        db.session.rollback()
        return link_spent()
    db.session.commit()
    return done(_("Your account has the new address. Log in with it from now on."), "office.dashboard")


def _proof_is_due() -> bool:
    """Whether a new password wants a fresh proof first: by the second factor, or where no present password proves it."""
    return (presence.has_factor() or not presence.organiser().password) and not presence.proven_lately()


def _page(form: PasswordForm) -> Response:
    organiser, here = presence.organiser(), presence.here()
    return form_page(
        "office/account.html", form, section="account", sessions=sessions.live(organiser), here=here.id,
        has_factor=factors.has_any(organiser), proof_is_due=_proof_is_due(),
    )  # fmt: skip
