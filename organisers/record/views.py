"""The record of a delivery in the office: the handing over, the reply, papers, corrections."""

from typing import Any

from flask import Response as FlaskResponse
from flask import make_response, render_template, request
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.guards import body_limit
from core.vault import SITE, vault
from deliveries import asking, corrections
from deliveries.clerk import links, notes, papers
from deliveries.clerk.codes import LENGTH
from deliveries.clerk.services import TRIES
from deliveries.models import Delivery
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.cases.views import LONG_TEXTS
from organisers.petitions.views import PETITION
from organisers.record import services as record_services
from organisers.record.forms import KINDS, ClerkForm, HandOverForm, PaperForm, ReplyForm
from organisers.retention.services import NotYet
from petitions import services

RECORD = f"{PETITION}/deliveries/<{ID}:delivery_id>/record"
PAPER = f"{RECORD}/papers/<{ID}:paper_id>"
UPLOAD = papers.LARGEST + 1024 * 1024


@office.get(RECORD)
def delivery_record(petition_id: int, delivery_id: int) -> Response:
    return record_page(find(petition_id, delivery_id))


@office.post(RECORD)
def note_hand_over(petition_id: int, delivery_id: int) -> Response:
    found, form = find(petition_id, delivery_id), HandOverForm()
    if not form.validate():
        return record_page(found, handing=form)
    try:
        record_services.hand_over(found, actor=actor(), **form.values())
    except NotYet:
        form.handed_on.errors = [_("This day is still to come: note it once it has happened.")]
        return record_page(found, handing=form)
    except record_services.NotMade:
        form.handed_on.errors = [_("There is no list yet that could have been handed over.")]
        return record_page(found, handing=form)
    return saved(found, _("The handing over is noted."))


@office.post(f"{RECORD}/reply")
@body_limit(LONG_TEXTS)
def note_reply(petition_id: int, delivery_id: int) -> Response:
    found, form = find(petition_id, delivery_id), ReplyForm()
    if not form.validate():
        return record_page(found, replying=form)
    try:
        record_services.note_reply(found, actor=actor(), **form.values())
    except record_services.NotMade:
        form.reply.errors = [_("There is no list yet to which anybody could have replied.")]
        return record_page(found, replying=form)
    return saved(found, _("The reply is noted. Nothing of it is public yet."))


@office.post(f"{RECORD}/answer")
def reply_as_answer(petition_id: int, delivery_id: int) -> Response:
    found = find(petition_id, delivery_id)
    try:
        record_services.answer(found, actor=actor())
    except (record_services.NoReply, record_services.AnsweredAlready, services.WrongState):
        db.session.rollback()
        sentence = _(
            "It was not published: note the reply first, close the petition, or correct the answer that stands."
        )
        return done(sentence, ".delivery_record", petition_id=petition_id, delivery_id=delivery_id)
    return saved(found, _("The reply stands on the petition’s page; those who asked for news get one mail."))


@office.post(f"{RECORD}/papers")
@body_limit(UPLOAD)
def add_delivery_paper(petition_id: int, delivery_id: int) -> Response:
    found, form, file = find(petition_id, delivery_id), PaperForm(), request.files.get("file")
    if not form.validate():
        return record_page(found, paper_form=form)
    vault().prepare(SITE)
    try:
        record_services.add_paper(found, file.read() if file else b"", kind=form.kind.data, actor=actor())
    except papers.PaperRefused as error:
        form.file.errors = [str(error)]
        return record_page(found, paper_form=form)
    return saved(found, _("The paper is kept, encrypted. Only organisers can open it."))


@office.post(f"{PAPER}/open")
def open_delivery_paper(petition_id: int, delivery_id: int, paper_id: int) -> Response:
    found = find(petition_id, delivery_id)
    paper = papers.get(found, paper_id)
    content, name = record_services.open_paper(found, paper, actor=actor()), papers.file_name(paper)
    db.session.commit()
    return _file(content, paper.media_type, name)


@office.post(f"{PAPER}/<any(publish, withhold):shown>")
def turn_delivery_paper(petition_id: int, delivery_id: int, paper_id: int, shown: str) -> Response:
    found = find(petition_id, delivery_id)
    record_services.turn_paper(found, papers.get(found, paper_id), shown, actor=actor())
    return saved(found, _("Saved."))


@office.get(f"{RECORD}/corrections.txt")
def correction_note(petition_id: int, delivery_id: int) -> Response:
    """What an organiser passes on where the recipient has no address here: in the language of the delivery."""
    found = find(petition_id, delivery_id)
    rows = corrections.unsent(found) or corrections.of(found)
    with force_locale(found.language):
        text = render_template("deliveries/correction_note.txt", **notes.said(found, rows))
    return _file(text.encode(), "text/plain; charset=utf-8", f"corrections-{found.id}.txt")


@office.post(f"{RECORD}/corrections")
def pass_on_corrections(petition_id: int, delivery_id: int) -> Response:
    found, last = find(petition_id, delivery_id), request.form.get("last", "")
    if last.isascii() and last.isdigit() and len(last) < 19:
        record_services.pass_on(found, int(last), actor=actor())
    return saved(found, _("Noted: the recipient knows of these lines."))


def find(petition_id: int, delivery_id: int) -> Delivery:
    return asking.get(services.get(petition_id), delivery_id)


def saved(found: Delivery, sentence: str) -> Response:
    db.session.commit()
    return done(sentence, ".delivery_record", petition_id=found.petition_id, delivery_id=found.id)


def record_page(found: Delivery, **forms: Any) -> Response:
    """The page; with what was typed in the form that did not hold."""
    context = context_of(found)
    sent = next(iter(forms.values()), context["handing"])
    return form_page("office/record.html", sent, **{**context, **forms})


def context_of(found: Delivery) -> dict[str, Any]:
    """What office/record_parts.html shows."""
    noted = {name: getattr(found, name) for name in ("handed_on", "handed_by", "file_number", "answer_due")}
    replied = {"reply": found.reply, "replied_on": found.replied_on}
    told = corrections.of(found)
    return {
        "handing": HandOverForm(formdata=None, data={**noted, "handed_how": str(found.handed_how or "")}),
        "replying": ReplyForm(formdata=None, data=replied), "paper_form": PaperForm(formdata=None),
        "clerk": ClerkForm(formdata=None),
        "petition": found.petition, "delivery": found, "papers": papers.of(found), "kinds": KINDS, "links": links.of(found),
        "corrections": told, "numbers": notes.ranges, "waiting": [row for row in told if row.sent_at is None],
        "may_answer": record_services.may_answer(found), "may_publish": papers.may_be_public(found),
        "code_length": LENGTH, "tries": TRIES,
    }  # fmt: skip


def _file(content: bytes, media_type: str, name: str) -> FlaskResponse:
    answer = make_response(content)
    answer.headers["Content-Type"] = media_type
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
