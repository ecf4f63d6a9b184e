"""A donor's own page, from the link in a mail: GET shows, POST acts, and pressing again shows the same."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse

from core.db import db
from core.guards import form_action
from core.limits import TOR, own_bucket, own_bucket_within
from core.vault import SITE, vault
from donations import stripe_gateway
from donations.own_page import links, services, wishes
from donations.own_page import words as own_words
from donations.own_page.forms import (
    AmountForm,
    ButtonForm,
    LinkForm,
    NewAddressForm,
    NumberForm,
    PauseForm,
    PostalForm,
)
from donations.own_page.models import Donor, LinkPurpose
from donations.own_page.services import RegularGift
from donations.papers import services as papers
from donations.subscriptions import changes, portal
from donations.tax import services as tax

donor_page = Blueprint("donor_page", __name__, url_prefix="/donations/manage")

LINKS = parse("10/hour")
PRESSES = parse("60/hour")
NEVER_REFUSED = ("links", "erase", "unlist", "forget", "stop")
GIFT_FORMS: dict[str, Callable[[RegularGift], Any]] = {
    "amount": AmountForm, "pause": lambda gift: PauseForm(), "resume": lambda gift: ButtonForm(),
    "stop": lambda gift: ButtonForm(),
}  # fmt: skip
GIFT_ACTS: dict[str, Callable[[RegularGift, Any], None]] = {
    "amount": lambda gift, form: changes.set_amount(gift.donation, form.money),
    "pause": lambda gift, form: changes.pause(gift.donation, form.until),
    "resume": lambda gift, form: changes.resume(gift.donation),
    "stop": lambda gift, form: changes.stop(gift.donation),
}
FORMS: dict[str, Callable[[], Any]] = {"postal": PostalForm, "email": NewAddressForm}
ACTS: dict[str, Callable[[Donor, Any], None]] = {
    "postal": lambda donor, form: wishes.set_postal(donor, form.postal, name=form.name.data),
    "forget": lambda donor, form: wishes.set_postal(donor, None),
    "email": lambda donor, form: wishes.move(donor, form.email.data),
    "unlist": lambda donor, form: wishes.unlist(donor),
    "tax": lambda donor, form: tax.promise_for(donor, copies=True),
    "data": lambda donor, form: wishes.ask_for_data(donor),
    "links": lambda donor, form: wishes.revoke(donor),
    "erase": lambda donor, form: wishes.erase(donor),
}
PAPERS: dict[str, Callable[[Donor, int], None]] = {
    "receipt": lambda donor, number: papers.ask_receipt(services.get_payment(donor, number)),
    "summary": papers.ask_summary,
}
ENDS = {"links": "renewed", "erase": "erased"}  # of this very link
ACT, CHANGE = f"<any({','.join(ACTS)}):act>", f"<any({','.join(GIFT_ACTS)}):change>"


@donor_page.after_request
def hide(response: Response) -> Response:
    """Keeps the pages out of search engines, whoever publishes an address."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@donor_page.errorhandler(links.OwnLinkGone)
def gone(error: links.OwnLinkGone) -> ResponseReturnValue:
    title = _("This link does not work any more")
    sentence = _(
        "It is older than 30 days, or it was made useless, or a part of it is missing. "
        "You can have a new one mailed to the address that your receipts come to."
    )
    button = (url_for(".ask_for_link"), _("Mail me a new link"))
    return render_template("signatures/own_done.html", title=title, sentence=sentence, links=[button]), 404


@donor_page.get("")
def ask_for_link() -> str:
    return render_template("donations/own/link.html", form=LinkForm(formdata=None))


@donor_page.post("")
def send_link() -> ResponseReturnValue:
    """The same answer and the same one insert for every address: only the worker can tell who has given."""
    if own_bucket() != TOR and not own_bucket_within(LINKS, "donor-link"):
        abort(429)
    form = LinkForm()
    if not form.validate():
        return render_template("donations/own/link.html", form=form), 422
    vault().prepare(SITE)
    wishes.ask_for_link(form.email.data or "")
    db.session.commit()
    return redirect(url_for(".told", what="sent"), 303)


@donor_page.get("/mail/<any(sent,renewed,erased,moved,card):what>")
def told(what: str) -> str:
    title, sentence = own_words.told(what)
    button = (url_for("donations.give"), _("To the donation page"))
    return render_template("signatures/own_done.html", title=title, sentence=sentence, links=[button])


@donor_page.get("/<secret>")
@form_action("PORTAL_ORIGIN")
def show(secret: str) -> str:
    donor = links.get(secret)
    return render_template(
        "donations/own/page.html", secret=secret, donor=donor, gifts=services.regular_gifts(donor),
        years=services.years(donor), named=services.named_on_walls(donor), words=own_words.words, say=own_words,
        done=own_words.done(request.args.get("done", "")), tax=tax.shown_to(donor),
    )  # fmt: skip


@donor_page.get(f"/<secret>/own/{ACT}")
def ask(secret: str, act: str) -> str:
    return _ask(secret, act, links.get(secret), FORMS.get(act, ButtonForm)(), None)


@donor_page.post(f"/<secret>/own/{ACT}")
def act(secret: str, act: str) -> ResponseReturnValue:
    donor = links.get(secret)
    form = FORMS.get(act, ButtonForm)()
    if refused := _refused(secret, act, donor, form, None):
        return refused
    vault().prepare(SITE)
    ACTS[act](donor, form)
    db.session.commit()
    if act in ENDS:
        return redirect(url_for(".told", what=ENDS[act]), 303)
    return redirect(url_for(".show", secret=secret, done=act), 303)


@donor_page.get(f"/<secret>/gift/<public_id>/{CHANGE}")
def ask_of_gift(secret: str, public_id: str, change: str) -> ResponseReturnValue:
    donor = links.get(secret)
    gift = services.get_regular(donor, public_id)
    if change not in gift.offers:
        return redirect(url_for(".show", secret=secret), 303)
    return _ask(secret, change, donor, GIFT_FORMS[change](gift), gift)


@donor_page.post(f"/<secret>/gift/<public_id>/{CHANGE}")
def act_on_gift(secret: str, public_id: str, change: str) -> ResponseReturnValue:
    donor = links.get(secret)
    gift = services.get_regular(donor, public_id)
    if change not in gift.offers:  # pressed again, or in another tab
        return redirect(url_for(".show", secret=secret, done=change), 303)
    form = GIFT_FORMS[change](gift)
    if refused := _refused(secret, change, donor, form, gift):
        return refused
    GIFT_ACTS[change](gift, form)
    db.session.commit()
    return redirect(url_for(".show", secret=secret, done=change), 303)


@donor_page.post(f"/<secret>/papers/<any({','.join(PAPERS)}):paper>")
def send_paper(secret: str, paper: str) -> ResponseReturnValue:
    """Promises the receipt of a payment, or the summary of a year, by its number; once an hour."""
    donor = links.get(secret)
    form = NumberForm()
    if refused := _refused(secret, paper, donor, form, None):
        return refused
    PAPERS[paper](donor, int(form.number.data or 0))
    db.session.commit()
    return redirect(url_for(".show", secret=secret, done=paper), 303)


@donor_page.post("/<secret>/gift/<public_id>/card")
@form_action("PORTAL_ORIGIN")
def change_card(secret: str, public_id: str) -> ResponseReturnValue:
    """Leads to Stripe's own page for cards and accounts; Stripe is told no address of the donor's page here."""
    donor = links.get(secret)
    gift = services.get_regular(donor, public_id)
    form = ButtonForm()
    if refused := _refused(secret, "card", donor, form, gift):
        return refused
    if services.CARD not in gift.offers:
        return redirect(url_for(".show", secret=secret), 303)
    try:
        server = current_app.config["UNDERSIGNED"].server_url
        return redirect(portal.enter(gift.subscription, f"{server}{url_for('.told', what='card')}"), 303)
    except stripe_gateway.CheckoutError as error:
        form.form_errors.append(
            _("Stripe did not open its page. Nothing was changed; press the button again in a minute, or write to us.")
        )
        page = Response(_ask(secret, "card", donor, form, gift), 503)
        page.headers["Retry-After"] = str(error.retry_after)
        return page


@donor_page.get("/address/<secret>")
def ask_to_prove(secret: str) -> str:
    links.get(secret, LinkPurpose.ADDRESS)
    return render_template("donations/own/address.html", secret=secret, form=ButtonForm())


@donor_page.post("/address/<secret>")
def prove(secret: str) -> ResponseReturnValue:
    """The mailbox is theirs: the worker writes to it from now on. Pressed again it says the same."""
    donor = links.get(secret, LinkPurpose.ADDRESS)
    form = ButtonForm()
    if not form.validate():
        return render_template("donations/own/address.html", secret=secret, form=form), 422
    wishes.take_address(donor, links.mark_of(secret))
    db.session.commit()
    return redirect(url_for(".told", what="moved"), 303)


def _ask(secret: str, act: str, donor: Donor, form: Any, gift: RegularGift | None) -> str:
    return render_template(
        "donations/own/act.html", secret=secret, act=act, donor=donor, form=form, gift=gift, words=own_words.words(act),
        say=own_words,
    )  # fmt: skip


def _refused(secret: str, act: str, donor: Donor, form: Any, gift: RegularGift | None) -> ResponseReturnValue | None:
    """The act's page again, with what is wrong; None where nothing is."""
    if not form.validate():
        return _ask(secret, act, donor, form, gift), 422
    if act in NEVER_REFUSED or own_bucket_within(PRESSES, "donor-page", alone=donor.public_id):
        return None
    form.form_errors.append(
        _(
            "Many such wishes have come from your network within an hour, so this one was not taken. Try again in an hour."
        )
    )
    return _ask(secret, act, donor, form, gift), 429
