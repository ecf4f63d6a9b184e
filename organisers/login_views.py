"""The door: password, one-time link, a link by mail, an invitation; and logging out."""

from flask import make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import current_user
from flask_security.utils import logout_user
from werkzeug.wrappers import Response

from core.db import db
from core.jobs import URGENT, enqueue
from core.vault import SITE, vault
from organisers import services
from organisers.accounts import factors, keeping, presence
from organisers.accounts.limiting import may_try, too_many_tries
from organisers.answers import done, form_page, safe_next
from organisers.blueprint import office
from organisers.login_forms import LoginForm, MailLinkForm
from organisers.models import Organiser


@office.route("/login", methods=["GET", "POST"])
def login() -> Response:
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next")))
    form = LoginForm(data={"next": request.args.get("next", "")})
    if form.validate_on_submit():
        email, password = str(form.email.data), str(form.password.data)
        if not may_try("login", email):
            return too_many_tries()
        try:
            organiser = services.authenticate(email, password)
        except services.LoginRefused:
            form.password.errors = [
                _("The address or the password is wrong. Type both again, or ask for a login link.")
            ]
        else:
            return let_in(organiser, form.next.data, by="password")
    return form_page("office/login.html", form, mail_form=MailLinkForm(formdata=None))


@office.post("/login/mail")
def mail_login_link() -> Response:
    """The same answer for every address; whether it has an account only the worker looks."""
    form = MailLinkForm()
    if not form.validate():
        page = render_template("office/login.html", form=LoginForm(formdata=None), mail_form=form)
        return make_response(page, 422)
    email = str(form.email.data)
    if not may_try("login-mail", email):
        return too_many_tries()
    vault().prepare(SITE)
    enqueue("office-login-link", sealed={"email": email}, priority=URGENT)
    db.session.commit()
    return done(_("If this address has an account here, a login link is on its way to it."), "office.login")


@office.get("/login/link/<secret>")
def login_link(secret: str) -> Response:
    try:
        services.check_link(secret)
    except services.LinkSpent:
        return link_spent()
    return make_response(render_template("office/login_link.html", secret=secret))


@office.post("/login/link/<secret>")
def enter_by_link(secret: str) -> Response:
    if not may_try("login-link"):
        return too_many_tries()
    try:
        organiser = services.enter_by_link(secret)
    except services.LinkSpent:
        return link_spent()
    return let_in(organiser, "", by="link")


@office.post("/logout")
def logout() -> Response:
    services.log_out(presence.organiser())
    db.session.commit()
    logout_user()
    session.clear()
    return done(_("You are logged out, here and everywhere else."), "office.login")


def link_spent() -> Response:
    return make_response(render_template("office/link_spent.html"), 410)


def let_in(organiser: Organiser, wanted: str | None, *, by: str) -> Response:
    """A fresh session; who has a second factor is asked for it before anything else. What was typed before waits."""
    presence.enter(organiser, by=by)
    if safe_next(wanted) == url_for("office.dashboard"):
        wanted = keeping.after_login()
    if factors.has_any(organiser):
        return redirect(url_for("office.prove", next=wanted or None), 303)
    return redirect(safe_next(wanted), 303)
