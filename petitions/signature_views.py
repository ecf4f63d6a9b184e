"""What the links in mails lead to: GET shows one button, POST acts, and pressing again shows the same."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.routing import BaseConverter

from core.db import db
from petitions import consent, link_words, showing, signature_services
from petitions.forms import ActForm
from petitions.models import Petition, Submission
from petitions.signature_services import LinkExpired, LinkGone, TooLate
from petitions.states import LISTED, ExitReason, Purpose, Visibility

signatures = Blueprint("signatures", __name__, url_prefix="/signatures")


def _confirm(petition: Petition, submission: Submission, form: ActForm) -> None:
    signature_services.confirm(petition, submission, narrow_to=form.narrow_to)


def _withdraw(petition: Petition, submission: Submission, form: ActForm) -> None:
    signature_services.leave(petition.id, submission.email_index, ExitReason.WITHDRAWN)


def _disown(petition: Petition, submission: Submission, form: ActForm) -> None:
    signature_services.leave(petition.id, submission.email_index, ExitReason.DISOWNED)


ACTS = {Purpose.CONFIRM: _confirm, Purpose.WITHDRAW: _withdraw, Purpose.DISOWN: _disown}


class PurposeConverter(BaseConverter):
    regex = "|".join(ACTS)
    part_isolating = False

    def to_python(self, value: str) -> Purpose:
        return Purpose(value)


@signatures.record_once
def add_converter(state: Any) -> None:
    state.app.url_map.converters["purpose"] = PurposeConverter


@signatures.errorhandler(LinkGone)
def gone(error: LinkGone) -> ResponseReturnValue:
    title = _("This link is not complete, or not known any more")
    sentence = _(
        "Copy the whole link from the mail into the address bar. If the mail is an old one, have a new link mailed to you, "
        "or sign once more: you count once."
    )
    links = [
        (url_for("petitions.index"), _("See the petitions")),
        (url_for("own_page.ask_for_link"), _("Mail me a new link")),
    ]
    return render_template("signatures/done.html", title=title, sentence=sentence, links=links), 404


@signatures.errorhandler(LinkExpired)
def expired(error: LinkExpired) -> ResponseReturnValue:
    petition = showing.behind_link(db.session.get_one(Petition, error.submission.petition_id))
    said = link_words.expired_words(error.purpose, error.submission, petition)
    return render_template("signatures/done.html", **said), 410


@signatures.get("/<secret>/<purpose:purpose>")
def show(secret: str, purpose: Purpose) -> ResponseReturnValue:
    submission, petition = _load(secret, purpose)
    pressed = purpose == Purpose.CONFIRM and submission.state not in signature_services.CONFIRMABLE
    if pressed or submission.email_index is None:  # emptied: the button could do nothing that it says
        return render_template("signatures/done.html", **link_words.words(submission, petition))
    form = ActForm(petition, _choices(petition, submission, purpose), formdata=None)
    return _ask(secret, purpose, submission, petition, form)


@signatures.post("/<secret>/<purpose:purpose>")
def act(secret: str, purpose: Purpose) -> ResponseReturnValue:
    submission, petition = _load(secret, purpose)
    form = ActForm(petition, _choices(petition, submission, purpose))
    if not form.validate():
        return _ask(secret, purpose, submission, petition, form), 422
    try:
        ACTS[purpose](petition, submission, form)
    except TooLate:
        return render_template("petitions/closed.html", petition=petition, case=petition.case), 409
    db.session.commit()
    return redirect(url_for(".done", secret=secret, purpose=purpose), 303)


@signatures.get("/<secret>/<purpose:purpose>/done")
def done(secret: str, purpose: Purpose) -> ResponseReturnValue:
    submission, petition = _load(secret, purpose)
    return render_template("signatures/done.html", **link_words.words(submission, petition))


def _load(secret: str, purpose: Purpose) -> tuple[Submission, Petition]:
    submission = signature_services.get_submission(secret, purpose)
    petition = db.session.get_one(Petition, submission.petition_id)
    show = showing.shown if purpose == Purpose.CONFIRM else showing.behind_link
    return submission, show(petition)


def _choices(petition: Petition, submission: Submission, purpose: Purpose) -> list[Visibility]:
    if purpose != Purpose.CONFIRM or submission.state not in signature_services.CONFIRMABLE:  # again shows the same
        return []
    if submission.import_id is not None:  # who signed elsewhere has never chosen
        return [submission.visibility, Visibility.COUNTED] if submission.visibility in LISTED else []
    return signature_services.choices_again(petition, submission.country, submission.visibility)


def _ask(secret: str, purpose: Purpose, submission: Submission, petition: Petition, form: ActForm) -> str:
    title, sentence, button = _words(purpose)
    details = [(_("Petition"), petition.title), (_("To"), consent.recipients_named(petition))]
    if form.visibility.choices and submission.import_id is not None:
        sentence = _(
            "You signed on another site. Choose who may see your name here, then press: your signature counts."
        )
    elif form.visibility.choices:
        sentence = _(
            "You live where the letter's recipient or the state concerned is. Choose once more who may see your name."
        )
    else:
        details.append((_("Your choice"), consent.sentences(petition)[submission.visibility]))
    return render_template(
        "signatures/act.html", act=purpose.value, title=title, sentence=sentence, button=button, petition=petition,
        details=details, form=form, action=url_for(".act", secret=secret, purpose=purpose),
    )  # fmt: skip


def _words(purpose: Purpose) -> tuple[str, str, str]:
    """Title, sentence and button of each act."""
    return {
        Purpose.CONFIRM: (
            _("Confirm your signature"),
            _("Press the button and your signature counts. Nothing has been counted yet."),
            _("Confirm my signature"),
        ),
        Purpose.WITHDRAW: (
            _("Withdraw your signature"),
            _("Your name and address are deleted, and the number goes down by one. You may sign again later."),
            _("Withdraw my signature"),
        ),
        Purpose.DISOWN: (
            _("Somebody else used your address?"),
            _(
                "Whatever was signed with your address is deleted, and we will not write to it again about this petition."
            ),
            _("I never signed this"),
        ),
    }[purpose]
