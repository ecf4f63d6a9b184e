"""One's second factors: shown, added, named, removed; and new recovery codes."""

from flask import Response, flash, make_response, redirect, render_template, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from core.db import db
from core.guards import with_scripts
from core.vault import SITE, vault
from organisers.accounts import drawing, factors, notices, passkeys, presence
from organisers.accounts.forms import CodeForm, NameForm, NewPasskeyForm
from organisers.accounts.limiting import may_try, too_many_tries
from organisers.answers import done, form_page, safe_next
from organisers.blueprint import ID, office

FACTORS = "/account/factors"
FACTOR = f"{FACTORS}/<any({', '.join(factors.KINDS)}):factor>/<{ID}:factor_id>"


@office.get(FACTORS)
def factor_list() -> BaseResponse:
    return _page(NameForm(formdata=None))


@office.post(f"{FACTORS}/app")
def begin_code_app() -> BaseResponse:
    form = NameForm()
    if not form.validate():
        return _page(form)
    vault().prepare(SITE)
    app = factors.begin_app(presence.organiser(), name=form.name.data or "")
    db.session.commit()
    return redirect(url_for(".confirm_code_app", app_id=app.id), 303)


@office.route(f"{FACTORS}/app/<{ID}:app_id>/first-code", methods=["GET", "POST"])
def confirm_code_app(app_id: int) -> BaseResponse:
    organiser, form = presence.organiser(), CodeForm()
    app = factors.waiting_app(organiser, app_id)
    if form.validate_on_submit():
        if not may_try("factor", organiser.email):
            return too_many_tries()
        vault().prepare(SITE)
        try:
            factors.confirm_app(app, organiser, form.code.data or "")
        except factors.CodeRefused:
            form.code.errors = [_("The code does not fit. See that the phone’s clock is right, and type the next one.")]
        else:
            return _added()
    secret, address = factors.secret_of(app).pretty_key(), factors.address_of(app, organiser)
    return form_page(
        "office/code_app.html", form, section="account", app=app, secret=secret, qr=drawing.qr_code(address)
    )


@office.post(f"{FACTORS}/passkey/options")
def passkey_options() -> Response:
    """What the browser is asked to make, for the page's script."""
    options = passkeys.creation_options(presence.here())
    db.session.commit()
    return Response(options, content_type="application/json")


@office.post(f"{FACTORS}/passkey")
def add_passkey() -> BaseResponse:
    form = NewPasskeyForm()
    if not form.validate():
        return _page(form)
    vault().prepare(SITE)
    try:
        passkeys.add(presence.here(), form.answer.data or "", name=form.name.data or "")
    except passkeys.PasskeyRefused:
        db.session.commit()  # the challenge is spent all the same
        form.form_errors.append(_("No passkey was kept: the browser’s answer did not fit. Press the button once more."))
        return _page(form)
    return _added()


@office.post(f"{FACTOR}/name")
def rename_factor(factor: str, factor_id: int) -> BaseResponse:
    form = NameForm()
    if not form.validate():
        return _page(form)
    factors.rename(presence.organiser(), factor, factor_id, name=form.name.data or "")
    db.session.commit()
    return done(_("Saved."), ".factor_list")


@office.post(f"{FACTOR}/remove")
def remove_factor(factor: str, factor_id: int) -> BaseResponse:
    vault().prepare(SITE)
    try:
        factors.remove(presence.organiser(), factor, factor_id)
    except factors.LastFactor:
        db.session.rollback()
        return done(_("This is your last second factor, so it stays. Add another one first."), ".factor_list")
    db.session.commit()
    return done(_("It is removed."), ".factor_list")


@office.post(f"{FACTORS}/recovery-codes")
def new_recovery_codes() -> BaseResponse:
    if not presence.has_factor():
        return done(_("Add an app or a passkey first: recovery codes stand in for it."), ".factor_list")
    vault().prepare(SITE)
    notices.tell(presence.organiser(), "recovery codes")
    return _codes()


def _added() -> BaseResponse:
    """The factor counts from now on, and this session has given it; with the first one come recovery codes."""
    presence.prove(factor=True)
    if factors.codes_left(presence.organiser()) == 0:
        return _codes()
    db.session.commit()
    flash(_("It is added. You are asked for it from now on."))
    return redirect(safe_next(session.pop(presence.WANTED, None) or url_for(".factor_list")), 303)


def _codes() -> BaseResponse:
    """Shows new codes once, in the answer itself: no address leads to them again."""
    codes = factors.new_recovery_codes(presence.organiser())
    db.session.commit()
    onwards = safe_next(session.pop(presence.WANTED, None) or url_for(".factor_list"))
    return make_response(render_template("office/recovery_codes.html", section="account", codes=codes, onwards=onwards))


def _page(form: NameForm) -> BaseResponse:
    organiser = presence.organiser()
    page = render_template(
        "office/factors.html", section="account", form=form, apps=factors.apps_of(organiser),
        passkeys=factors.passkeys_of(organiser), codes_left=factors.codes_left(organiser), few=factors.FEW,
        offered=passkeys.offered(), wanted=session.get(presence.WANTED),
    )  # fmt: skip
    return with_scripts(make_response(page, 422 if form.errors else 200))
