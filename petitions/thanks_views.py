"""After signing: the page that says what comes next, takes the mail's code, and mails again or to another address."""

from datetime import timedelta
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from limits import parse

from core import relay, tokens
from core.db import db
from core.forms import PublicForm
from core.limits import own_bucket_within
from core.mailboxes import mail_domains
from core.switches import gifts_taken
from petitions import second_mails, services, signature_services, sources
from petitions.abuse import proofs
from petitions.blueprint import petitions
from petitions.forms import CodeForm
from petitions.models import Petition
from petitions.states import Visibility
from petitions.thanks_forms import AddressForm, AgainForm

THANKS_LIFE = timedelta(minutes=30)
PRESSES = parse("20/hour")  # of one network, for both buttons together
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@petitions.get("/<slug>/thanks")
def thanks(slug: str) -> ResponseReturnValue:
    petition, token = services.get_public(slug), request.args.get("t", "")
    return _thanks(petition, token, _read_thanks(token))


@petitions.post("/<slug>/thanks")
def confirm_code(slug: str) -> ResponseReturnValue:
    petition, token = services.get_public(slug), request.form.get("t", "")
    known = _read_thanks(token)
    form = CodeForm(petition, _asked(known))
    if not known:
        return _too_old(petition, form)
    if not form.validate():
        return _thanks(petition, token, known, code=form), 422
    try:
        submission = signature_services.get_by_code(petition, known["submission"], form.code.data or "")
        signature_services.confirm(petition, submission, narrow_to=form.narrow_to)
    except signature_services.LinkGone:
        db.session.commit()  # the try counts
        form.code.errors = [_("This code does not fit. Copy it from the mail again, or open the link in the mail.")]
        return _thanks(petition, token, known, code=form), 422
    except signature_services.TooLate:
        return render_template("petitions/closed.html", petition=petition, case=petition.case), 409
    db.session.commit()
    return redirect(url_for(".confirmed", slug=slug), 303)


@petitions.post("/<slug>/thanks/again")
def mail_again(slug: str) -> ResponseReturnValue:
    """The same answer whatever becomes of it: only the worker knows whether a mail went and may go again."""
    petition, token = services.get_public(slug), request.form.get("t", "")
    known, form = _read_thanks(token), AgainForm()
    if not known:
        return _too_old(petition, form)
    if not _within(known):
        return _refused(petition, token, known, again=form), 429
    if not form.validate():
        return _thanks(petition, token, known, again=form), 422
    second_mails.ask_again(known["submission"])
    db.session.commit()
    return _see(petition, token, {**known, "said": "again"})


@petitions.post("/<slug>/thanks/address")
def change_address(slug: str) -> ResponseReturnValue:
    petition, token = services.get_public(slug), request.form.get("t", "")
    known, form = _read_thanks(token), AddressForm()
    if not known:
        return _too_old(petition, form)
    if not _within(known):
        return _refused(petition, token, known, address=form), 429
    if not form.validate():
        return _thanks(petition, token, known, address=form), 422
    if form.email.data != known["email"] and not second_mails.may_change(petition, known["submission"]):
        return _halted(petition, token, known, address=form), 409
    changed = _change(known, form.email.data or "")
    db.session.commit()
    return _see(petition, token, changed)


@petitions.get("/<slug>/confirmed")
def confirmed(slug: str) -> ResponseReturnValue:
    return render_template("signatures/done.html", **confirmed_words(services.get_public(slug)))


def confirmed_words(petition: Petition) -> dict[str, Any]:
    """What the page says after a signature was confirmed."""
    links = [(url_for("petitions.show", slug=petition.slug), _("Back to the petition"))]
    if petition.case.takes_gifts and gifts_taken():
        give = url_for("donations.give", slug=petition.case.slug, source=petition.gift_source)
        links.append((give, _("Support the campaign with a gift")))
    return {
        "title": _("Your signature counts"), "petition": petition, "links": links,
        "share_url": sources.address_to_share(current_app.config["UNDERSIGNED"].server_url, petition),
        "sentence": _("Thank you. A mail with links to withdraw it at any time is on its way to you."),
    }  # fmt: skip


def _change(known: dict[str, Any], email: str) -> dict[str, Any]:
    """Asks for the change; what the next page's token says. `first`: of all the addresses that one signing went through."""
    submission = known["submission"]
    if email == known["email"]:
        second_mails.ask_again(submission)
        return {**known, "said": "again"}
    new_id, hint = second_mails.ask_for_change(submission, email), mail_domains.hint_for(email)
    changed = {"submission": new_id, "email": email, "hint": hint, "said": "changed"}
    return {"first": submission, **known, **changed}


def _within(known: dict[str, Any]) -> bool:
    return own_bucket_within(PRESSES, "thanks", alone=known.get("first", known["submission"]))


def _see(petition: Petition, token: str, known: dict[str, Any]) -> ResponseReturnValue:
    """The page again; no button makes it live longer than half an hour."""
    return redirect(url_for(".thanks", slug=petition.slug, t=tokens.seal_query("thanks", known, after=token)), 303)


def _thanks(petition: Petition, token: str, known: dict[str, Any] | None, **failed: PublicForm) -> str:
    """The page; `failed` is a form that was not taken, by its name there, and keeps what was typed."""
    share_url = sources.address_to_share(current_app.config["UNDERSIGNED"].server_url, petition)
    fresh = {
        "code": CodeForm(petition, _asked(known), formdata=None, data={"t": token}),
        "again": AgainForm(formdata=None, data={"t": token}),
        "address": AddressForm(formdata=None, data={"t": token}),
    }
    return render_template(
        "petitions/thanks.html", petition=petition, known=known, forms={**fresh, **failed}, share_url=share_url,
        failed=next(iter(failed.values()), None), said=_said(known), delay=_delay(petition),
    )  # fmt: skip


def _too_old(petition: Petition, form: PublicForm) -> ResponseReturnValue:
    form.form_errors.append(
        _("This page is older than half an hour. Open the link in the mail, or sign again: you count once.")
    )
    return _thanks(petition, "", None, old=form), 422


def _refused(petition: Petition, token: str, known: dict[str, Any], **form: PublicForm) -> str:
    sentence = _(
        "Many such wishes have come from your network. Wait an hour, or open the link in the mail that you have."
    )
    for one in form.values():
        one.form_errors.append(sentence)
    return _thanks(petition, token, known, **form)


def _halted(petition: Petition, token: str, known: dict[str, Any], *, address: AddressForm) -> str:
    address.form_errors.append(
        _("No signatures are taken at the moment, so no other address either. What you sent stays as it was.")
    )
    return _thanks(petition, token, known, address=address)


def _said(known: dict[str, Any] | None) -> str:
    """What the button before did, in words that are the same whatever became of it."""
    words = {
        "again": _(
            "If you have not confirmed yet, another mail is on its way. The links in the mails before work as well."
        ),
        "changed": _("We write to the new address instead. Links in a mail to the old one do nothing any more."),
    }
    return words.get(known.get("said", ""), "") if known else ""


def _delay(petition: Petition) -> str:
    """How long a mail waits just now, where it does; the same for everybody who signs."""
    behind = relay.wait_for_one_more()
    if behind is None or (behind.mailing and not behind.delay):
        return _slower() if proofs.wanted(petition.id) else ""
    if not behind.mailing:
        return _("Our mail is paused at the moment. Your signature is kept, and the mail goes out once it runs again.")
    if behind.delay >= DAY:
        days = -(-behind.delay // DAY)
        return ngettext(
            "We may send only so many mails at a time. Yours is kept, and goes out within about %(num)s day.",
            "We may send only so many mails at a time. Yours is kept, and goes out within about %(num)s days.",
            days,
        )
    hours = -(-behind.delay // HOUR)
    within = ngettext(
        "We may send only so many mails at a time. Yours is kept, and goes out within about %(num)s hour.",
        "We may send only so many mails at a time. Yours is kept, and goes out within about %(num)s hours.",
        hours,
    )
    return within


def _slower() -> str:
    return _(
        "A great many signatures are coming in. If your browser could not do the sum that the form asks for, your mail "
        "comes later: after ten minutes, or after some hours at worst."
    )


def _asked(known: dict[str, Any] | None) -> list[Visibility]:
    """What the sender is asked once more: it stands in the token, so that the page tells nothing new."""
    return [Visibility(value) for value in known["choices"]] if known else []


def _read_thanks(token: str) -> dict[str, Any] | None:
    try:
        return tokens.open_query("thanks", token, age=THANKS_LIFE)
    except tokens.TokenError:
        return None
