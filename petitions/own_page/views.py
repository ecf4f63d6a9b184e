"""A signatory's own page, from the link in any mail: GET shows, POST acts, and pressing again shows the same."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse

from core.db import db
from core.limits import TOR, own_bucket, own_bucket_within
from core.vault import SITE, vault
from petitions import showing
from petitions.own_page import services as own_page_services
from petitions.own_page import words as own_page_words
from petitions.own_page.forms import FORMS, LinkForm
from petitions.own_page.services import OwnLinkGone, Standing
from petitions.states import HIDDEN_STATES, ExitReason, Visibility

own_page = Blueprint("own_page", __name__, url_prefix="/signatures")

LINKS = parse("10/hour")
PRESSES, LIMITED = parse("60/hour"), ("name", "updates", "data")  # leaving, narrowing, ending links: never refused
ACTS: dict[str, Callable[[Standing, Any], None]] = {
    "visibility": lambda standing, form: own_page_services.narrow(standing, Visibility(form.visibility.data)),
    "name": lambda standing, form: own_page_services.correct(standing, **form.person()),
    "updates": lambda standing, form: own_page_services.correct(standing, updates=form.wanted),
    "data": lambda standing, form: own_page_services.ask_for_data(standing),
    "links": lambda standing, form: own_page_services.revoke(standing),
    "notable": lambda standing, form: own_page_services.unlist(standing),
    "withdraw": lambda standing, form: own_page_services.leave(standing, ExitReason.WITHDRAWN),
    "erase": lambda standing, form: own_page_services.leave(standing, ExitReason.ERASED),
    "disown": lambda standing, form: own_page_services.leave(standing, ExitReason.DISOWNED),
}
ACT = f"<any({','.join(ACTS)}):act>"


@own_page.after_request
def hide(response: Response) -> Response:
    """Keeps the pages out of search engines, whoever publishes an address."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@own_page.errorhandler(OwnLinkGone)
def gone(error: OwnLinkGone) -> ResponseReturnValue:
    title = _("This link does not work any more")
    sentence = _(
        "It is older than 30 days, or it was made useless, or a part of it is missing. "
        "You can have a new one mailed to the address that you signed with."
    )
    links = [(url_for(".ask_for_link"), _("Mail me a new link"))]
    return render_template("signatures/own_done.html", title=title, sentence=sentence, links=links), 404


@own_page.get("/<secret>")
def show(secret: str) -> ResponseReturnValue:
    standing = own_page_services.get(secret)
    if standing.row is None:
        return _nothing_left(standing)
    petition = showing.behind_link(standing.petition)
    return render_template(
        "signatures/own.html", secret=secret, standing=standing, petition=petition, page=_page_of(standing),
        state=own_page_words.state_of(standing), facts=own_page_words.facts(standing), words=own_page_words.words,
        forms={act: form(standing, formdata=None) for act, form in FORMS.items()},
        done=own_page_words.done(request.args.get("done", "")), cleared=own_page_words.cleared(),
    )  # fmt: skip


@own_page.get(f"/<secret>/own/{ACT}")
def ask(secret: str, act: str) -> ResponseReturnValue:
    standing = own_page_services.get(secret)
    if standing.row is None:
        return _nothing_left(standing)
    if not standing.offers(act):
        return redirect(url_for(".show", secret=secret), 303)
    return _ask(secret, act, standing, FORMS[act](standing, formdata=None))


@own_page.post(f"/<secret>/own/{ACT}")
def act(secret: str, act: str) -> ResponseReturnValue:
    standing = own_page_services.get(secret)
    if not standing.offers(act):  # pressed again after leaving, or after the address was deleted
        return redirect(url_for(".show", secret=secret), 303)
    form = FORMS[act](standing)
    if not form.validate():
        return _ask(secret, act, standing, form), 422
    if act in LIMITED and not own_bucket_within(PRESSES, "own-page", alone=standing.submission.public_id):
        return _too_often(secret, act, standing, form)
    vault().prepare(SITE)
    ACTS[act](standing, form)
    db.session.commit()
    if act == "links":  # this very link has ended
        return redirect(url_for(".link_sent", what="renewed"), 303)
    return redirect(url_for(".show", secret=secret, done=act), 303)


@own_page.get("/manage")
def ask_for_link() -> str:
    form = LinkForm(formdata=None, data={"petition": request.args.get("petition", "")})
    return render_template("signatures/own_link.html", form=form)


@own_page.post("/manage")
def send_link() -> ResponseReturnValue:
    """The same answer and the same one insert for every address: only the worker can tell who has signed."""
    if own_bucket() != TOR and not own_bucket_within(LINKS, "own-link"):
        abort(429)
    form = LinkForm()
    if not form.validate():
        return render_template("signatures/own_link.html", form=form), 422
    vault().prepare(SITE)
    own_page_services.ask_for_link(form.email.data or "", form.petition.data)
    db.session.commit()
    return redirect(url_for(".link_sent", what="sent"), 303)


@own_page.get("/manage/<any(sent,renewed):what>")
def link_sent(what: str) -> str:
    sentence = {
        "sent": _(
            "If this address has signed the petition, or is about to, a mail with a link is on its way to it. To nobody else "
            "is anything sent: an address gets at most five such mails a week, and none if it never wants mail from us."
        ),
        "renewed": _(
            "The links to your page that were mailed before do nothing any more. A new one is on its way to you."
        ),
    }[what]
    links = [(url_for("petitions.index"), _("See the petitions"))]
    return render_template("signatures/own_done.html", title=_("Look into your mail"), sentence=sentence, links=links)


def _ask(secret: str, act: str, standing: Standing, form: Any) -> str:
    return render_template(
        "signatures/own_act.html", secret=secret, act=act, standing=standing,
        petition=showing.behind_link(standing.petition), form=form,
        words=own_page_words.words(act), page=_page_of(standing),
    )  # fmt: skip


def _too_often(secret: str, act: str, standing: Standing, form: Any) -> ResponseReturnValue:
    form.form_errors.append(
        _(
            "Many such wishes have come from your network within an hour, so this one was not taken. Try again in an hour."
        )
    )
    return _ask(secret, act, standing, form), 429


def _nothing_left(standing: Standing) -> str:
    page = _page_of(standing)
    return render_template(
        "signatures/own_done.html", title=_("Nothing that names you is left here"),
        sentence=_(
            "What was sent with your address is deleted: it was withdrawn, erased, not confirmed in time, or the time for "
            "which we keep it is over. The links in older mails can do nothing more."
        ),
        links=[(page, _("To the petition"))] if page else [],
    )  # fmt: skip


def _page_of(standing: Standing) -> str | None:
    """The petition's page, where the public may see it: while its case is frozen, not even the address."""
    hidden = standing.petition.state in HIDDEN_STATES or standing.petition.case.frozen_at
    return None if hidden else url_for("petitions.show", slug=standing.petition.slug)
