"""After signing: the page that says what comes next, and takes the mail's code."""

from datetime import timedelta
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import tokens
from core.db import db
from petitions import services, signature_services
from petitions.blueprint import petitions
from petitions.forms import CodeForm
from petitions.models import Petition
from petitions.states import Visibility

THANKS_LIFE = timedelta(minutes=30)


@petitions.get("/<slug>/thanks")
def thanks(slug: str) -> ResponseReturnValue:
    petition = services.get_public(slug)
    token = request.args.get("t", "")
    known = _read_thanks(token)
    return _thanks(petition, CodeForm(petition, _asked(known), formdata=None, data={"t": token}), known)


@petitions.post("/<slug>/thanks")
def confirm_code(slug: str) -> ResponseReturnValue:
    petition, known = services.get_public(slug), _read_thanks(request.form.get("t", ""))
    form = CodeForm(petition, _asked(known))
    if not form.validate() or not known:
        return _thanks(petition, form, known), 422
    try:
        submission = signature_services.get_by_code(petition, known["submission"], form.code.data or "")
        signature_services.confirm(petition, submission, narrow_to=form.narrow_to)
    except signature_services.LinkGone:
        db.session.commit()  # the try counts
        form.code.errors = [_("This code does not fit. Copy it from the mail again, or open the link in the mail.")]
        return _thanks(petition, form, known), 422
    except signature_services.TooLate:
        return render_template("petitions/closed.html", petition=petition, case=petition.case), 409
    db.session.commit()
    return redirect(url_for(".confirmed", slug=slug), 303)


@petitions.get("/<slug>/confirmed")
def confirmed(slug: str) -> ResponseReturnValue:
    return render_template("signatures/done.html", **confirmed_words(services.get_public(slug)))


def confirmed_words(petition: Petition) -> dict[str, Any]:
    """What the page says after a signature was confirmed."""
    links = [(url_for("petitions.show", slug=petition.slug), _("Back to the petition"))]
    if petition.case.takes_gifts and current_app.config["UNDERSIGNED"].giving:
        links.append((url_for("donations.give", slug=petition.case.slug), _("Support the campaign with a gift")))
    return {
        "title": _("Your signature counts"), "petition": petition, "links": links,
        "share_url": f"{current_app.config['UNDERSIGNED'].server_url}/petitions/{petition.slug}",
        "sentence": _("Thank you. A mail with links to withdraw it at any time is on its way to you."),
    }  # fmt: skip


def _thanks(petition: Petition, form: CodeForm, known: dict[str, Any] | None) -> str:
    share_url = f"{current_app.config['UNDERSIGNED'].server_url}/petitions/{petition.slug}"
    email = known["email"] if known else None
    return render_template(
        "petitions/thanks.html", petition=petition, email=email, form=form if known else None, share_url=share_url
    )


def _asked(known: dict[str, Any] | None) -> list[Visibility]:
    """What the sender is asked once more: it stands in the token, so that the page tells nothing new."""
    return [Visibility(value) for value in known["choices"]] if known else []


def _read_thanks(token: str) -> dict[str, Any] | None:
    try:
        return tokens.open_query("thanks", token, age=THANKS_LIFE)
    except tokens.TokenError:
        return None
