"""The door: password, one-time link, logging out; and the password of one's own account."""

import re

from flask import current_app, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_security import current_user
from flask_security.utils import login_user, logout_user
from limits import parse
from werkzeug.wrappers import Response

from core.db import db
from core.limits import own_bucket_within
from core.tokens import keyed_hash
from organisers import refusals, services
from organisers.answers import done, form_page
from organisers.blueprint import office
from organisers.login_forms import LoginForm, PasswordForm
from organisers.models import Organiser

TRIES = parse("10/15 minutes")
OFFICE_PATH = re.compile(r"/office(?:/[a-z0-9-]+)*/?(?:\?[A-Za-z0-9=&_-]*)?", re.ASCII)


@office.route("/login", methods=["GET", "POST"])
def login() -> Response:
    if current_user.is_authenticated:
        return redirect(url_for("office.dashboard"))
    form = LoginForm(data={"next": request.args.get("next", "")})
    if form.validate_on_submit():
        email, password = str(form.email.data), str(form.password.data)
        if not _within_limits(email):
            return too_many_tries()
        try:
            organiser = services.authenticate(email, password)
        except services.LoginRefused:
            form.password.errors = [
                _("The address or the password is wrong. Type both again, or ask for a login link.")
            ]
        else:
            return _enter(organiser, form.next.data)
    return form_page("office/login.html", form)


@office.get("/login/link/<secret>")
def login_link(secret: str) -> Response:
    try:
        services.check_link(secret)
    except services.LinkSpent:
        return link_spent()
    return make_response(render_template("office/login_link.html", secret=secret))


@office.post("/login/link/<secret>")
def enter_by_link(secret: str) -> Response:
    if not own_bucket_within(TRIES, "login-link"):
        return too_many_tries()
    try:
        organiser = services.enter_by_link(secret)
    except services.LinkSpent:
        return link_spent()
    return _enter(organiser, "")


@office.post("/logout")
def logout() -> Response:
    services.log_out(current_user._get_current_object())
    db.session.commit()
    logout_user()
    session.clear()
    return done(_("You are logged out, here and everywhere else."), "office.login")


@office.route("/account", methods=["GET", "POST"])
def account() -> Response:
    form = PasswordForm()
    if form.validate_on_submit():
        organiser: Organiser = current_user._get_current_object()
        try:
            services.change_password(organiser, current=form.current.data or "", password=form.password.data or "")
        except services.LoginRefused:
            form.current.errors = [_("That is not your present password.")]
        except services.PasswordRefused as error:
            form.password.errors = [str(error)]
        else:
            _enter(organiser, "")
            return done(_("Your password is set. Every other session of yours has ended."), "office.dashboard")
    return form_page("office/account.html", form)


def too_many_tries() -> Response:
    sentence = _("Wait a quarter of an hour and try again, or ask for a login link. Nothing is lost.")
    return refusals.answer(429, _("Too many tries"), sentence)


def link_spent() -> Response:
    return make_response(render_template("office/link_spent.html"), 410)


def safe_next(path: str | None) -> str:
    """The office page that somebody wanted before logging in; anything else leads to the dashboard."""
    return path if path and OFFICE_PATH.fullmatch(path) else url_for("office.dashboard")


def _within_limits(email: str) -> bool:
    """Whether this network and this account, known or not, may try once more; both are counted each time."""
    account = keyed_hash("login", email.lower()).hex()
    return all(
        [own_bucket_within(TRIES, "login"), current_app.extensions["limiter"].within(TRIES, "login-account", account)]
    )


def _enter(organiser: Organiser, wanted: str | None) -> Response:
    """A fresh session for the organiser: nothing that stood in the cookie before stays."""
    session.clear()
    login_user(organiser, remember=False)
    db.session.commit()
    return redirect(safe_next(wanted), 303)
