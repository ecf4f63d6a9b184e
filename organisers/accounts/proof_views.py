"""The second factor, and the proof that some acts want anew: a code, a recovery code, a passkey; or else the password."""

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from core.db import db
from core.guards import with_scripts
from organisers import services
from organisers.accounts import factors, keeping, passkeys, presence
from organisers.accounts.forms import PasskeyForm, PasswordProofForm, ProofForm
from organisers.accounts.limiting import may_try, too_many_tries
from organisers.answers import safe_next
from organisers.blueprint import office

PROOF = "/login/proof"
Form = ProofForm | PasswordProofForm


@office.route(PROOF, methods=["GET", "POST"])
def prove() -> BaseResponse:
    has_factor = presence.has_factor()
    given = {"next": request.args.get("next", "")}
    form: Form = ProofForm(data=given) if has_factor else PasswordProofForm(data=given)
    if not form.validate_on_submit():
        return _page(form)
    if not may_try("factor", presence.organiser().email):
        return too_many_tries()
    if isinstance(form, ProofForm):
        return _by_code(form)
    return _by_password(form)


@office.post(f"{PROOF}/passkey/challenge")
def passkey_challenge() -> Response:
    """What the passkey is to sign, for the page's script."""
    options = passkeys.request_options(presence.here())
    db.session.commit()
    return Response(options, content_type="application/json")


@office.post(f"{PROOF}/passkey")
def prove_by_passkey() -> BaseResponse:
    form = PasskeyForm()
    if not may_try("factor", presence.organiser().email):
        return too_many_tries()
    try:
        passkeys.check(presence.here(), form.answer.data or "")
    except passkeys.PasskeyRefused:
        db.session.commit()  # the challenge is spent all the same
        shown = ProofForm(formdata=None, data={"next": form.next.data})
        shown.form_errors.append(_("The passkey did not fit. Try once more, or use a code."))
        return _page(shown)
    return _proven(form.next.data, factor=True)


def _by_code(form: ProofForm) -> BaseResponse:
    organiser = presence.organiser()
    try:
        kind = factors.check_code(organiser, form.code.data or "")
    except factors.CodeRefused:
        db.session.rollback()
        form.code.errors = [
            _("This code does not fit, or it was used before. Wait for the app’s next one and type that.")
        ]
        return _page(form)
    if kind == factors.RECOVERY:
        _warn(factors.codes_left(organiser))
    return _proven(form.next.data, factor=True)


def _by_password(form: PasswordProofForm) -> BaseResponse:
    try:
        services.check_password_of(presence.organiser(), form.password.data or "")
    except services.LoginRefused:
        form.password.errors = [_("That is not your password.")]
        return _page(form)
    return _proven(form.next.data, factor=False)


def _proven(wanted: str | None, *, factor: bool) -> BaseResponse:
    presence.prove(factor=factor)
    db.session.commit()
    return redirect(safe_next(wanted), 303)


def _warn(left: int) -> None:
    """After a recovery code: how many are left, and what to do about it where these are few."""
    flash(ngettext("%(number)s recovery code is left.", "%(number)s recovery codes are left.", left, number=left))
    if left <= factors.FEW:
        flash(
            _("Make new recovery codes now, under “My account”: without them and without your device nobody gets in.")
        )


def _page(form: Form) -> BaseResponse:
    organiser = presence.organiser()
    page = render_template(
        "office/prove.html", form=form, has_factor=presence.has_factor(), apps=factors.apps_of(organiser),
        passkeys=factors.passkeys_of(organiser), passkey_form=PasskeyForm(formdata=None, data={"next": form.next.data}),
        again="again" in request.args, kept=keeping.gives_back(form.next.data), entering=presence.half_entered(),
    )  # fmt: skip
    return with_scripts(make_response(page, 422 if form.errors else 200))
