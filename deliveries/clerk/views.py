"""The clerk's page, behind a mailed link, without an account: GET shows, the buttons act, and pressing again shows the same."""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse

from core import site_signature
from core.db import db
from core.guards import body_limit
from core.limits import own_bucket_within
from core.vault import SITE, vault
from deliveries.clerk import papers, services
from deliveries.clerk.forms import CodeForm, ReceivedForm, ReplyForm
from deliveries.clerk.models import ClerkLink
from deliveries.clerk.published import handed_over
from deliveries.packs import store
from deliveries.recipients import addressee
from petitions import showing

UPLOAD = papers.LARGEST + 1024 * 1024  # a file that is a little too large is told so by its form
PAPERS = parse("10/hour")

clerk = Blueprint("clerk", __name__, url_prefix="/deliveries")


@clerk.record_once
def _tell_petitions(state: BlueprintSetupState) -> None:
    """The petition's page stands a floor below, and shows what was handed over."""
    state.app.extensions["handed_over"] = handed_over


@clerk.errorhandler(services.LinkGone)
def gone(error: services.LinkGone) -> ResponseReturnValue:
    title = _("This link leads to no delivery")
    sentence = _(
        "It may not be complete, it has run out after 90 days, or it was taken back. Copy the whole link from the mail, or "
        "ask whoever sent it for another one."
    )
    return render_template("signatures/done.html", title=title, sentence=sentence, links=[]), 404


@clerk.errorhandler(papers.PaperNotFound)
def no_paper(error: papers.PaperNotFound) -> ResponseReturnValue:
    sentence = _("It was never here, or organisers have taken it down. The page of the petition says what can be read.")
    return render_template("signatures/done.html", title=_("There is no such paper"), sentence=sentence, links=[]), 404


@clerk.get("/clerk/<secret>")
def show(secret: str) -> ResponseReturnValue:
    return _page(secret, services.get(secret))


@clerk.post("/clerk/<secret>/files")
def fetch(secret: str) -> ResponseReturnValue:
    link, form = services.get(secret), CodeForm()
    if not form.validate():
        return _page(secret, link, code=form)
    if link.delivery.petition.case.frozen_at:
        return _page(secret, link, told="frozen", status=409)
    try:
        copy = services.open_files(link, secret, form.code.data or "")
    except services.WrongCode:
        db.session.commit()
        form.code.errors = [
            _("This code does not open the files. After five wrong ones none does: ask for a new link.")
        ]
        return _page(secret, link, code=form)
    except services.NotAtHand:
        db.session.rollback()
        return _page(secret, link, told="away", status=503)
    pack = store.pack_file(link.delivery)
    db.session.commit()  # no byte leaves before it is promised that the audit chain says so
    return _download(copy.chunks(), pack.media_type, pack.name, copy.size)


@clerk.post("/clerk/<secret>/received")
def receive(secret: str) -> ResponseReturnValue:
    link, form = services.get(secret), ReceivedForm()
    if not form.validate():
        return _page(secret, link, received=form)
    services.note_received(link, file_number=form.file_number.data or "", answer_due=form.answer_due.data)
    db.session.commit()
    return redirect(url_for(".show", secret=secret, told="received"), 303)


@clerk.post("/clerk/<secret>/reply")
@body_limit(UPLOAD)
def reply(secret: str) -> ResponseReturnValue:
    link, form, file = services.get(secret), ReplyForm(), request.files.get("file")
    if not form.validate():
        return _page(secret, link, reply=form)
    vault().prepare(SITE)
    if not own_bucket_within(PAPERS, "clerk-reply", alone=link.public_id):
        abort(429)
    try:
        services.leave_reply(link, file.read() if file else b"")
    except papers.PaperRefused as error:
        form.file.errors = [str(error)]
        return _page(secret, link, reply=form)
    db.session.commit()
    return redirect(url_for(".show", secret=secret, told="replied"), 303)


@clerk.get("/papers/<public_id>")
def paper(public_id: str) -> Response:
    """A paper that organisers have published; it is downloaded, and never runs or shows itself on this site."""
    found = papers.get_public(public_id)
    content = found.content or b""
    return _download([content], found.media_type, papers.file_name(found), len(content))


def _page(
    secret: str, link: ClerkLink, *, told: str = "", status: int = 200,
    code: CodeForm | None = None, received: ReceivedForm | None = None, reply: ReplyForm | None = None,
) -> Response:  # fmt: skip
    delivery = link.delivery
    sent = next((form for form in (code, received, reply) if form is not None), None)
    noted = {"file_number": delivery.file_number, "answer_due": delivery.answer_due}
    frozen = delivery.petition.case.frozen_at is not None
    page = render_template(
        "deliveries/clerk.html", secret=secret, link=link, delivery=delivery, frozen=frozen,
        title=showing.title(delivery.petition), addressee="" if frozen else addressee(delivery),
        told=told or _come_back(), sent=sent, code=code or CodeForm(formdata=None),
        received=received or ReceivedForm(formdata=None, data=noted), reply=reply or ReplyForm(formdata=None),
        fingerprint=site_signature.in_groups(delivery.key_fingerprint or ""), sent_back=services.sent_back(link),
    )  # fmt: skip
    return make_response(page, 422 if sent is not None and sent.errors else status)


def _come_back() -> str | None:
    """What was just done, after the redirect; an address cannot make the page say that a code was right."""
    told = request.args.get("told")
    return told if told in ("received", "replied") else None


def _download(chunks, media_type: str, name: str, size: int) -> Response:  # type: ignore[no-untyped-def]
    answer = Response(chunks, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Length"] = str(size)
    return answer
