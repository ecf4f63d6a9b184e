"""A case's comments in the office: opened and closed, one by one with their history, answered; an address shown once."""

from flask import Response, abort, make_response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from cases.comments import judging as comments
from cases.comments.models import Comment
from core import audit, countries, reports
from core.db import db
from core.pdf import TypesettingBusy, TypesettingFailed
from organisers.answers import actor, done
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.moderation import acts, letters, queue
from organisers.moderation.models import Act
from organisers.moderation.room_forms import ACTS, REASONS, STATES, RejectForm, ReplyForm
from organisers.moderation.room_views import judge_one
from organisers.moderation.subjects import Subject

COMMENTS = f"/cases/<{ID}:case_id>/comments"
COMMENT = f"{COMMENTS}/<{ID}:comment_id>"


@office.post(f"{COMMENTS}/<any(open, close):turn>")
def turn_comments(case_id: int, turn: str) -> BaseResponse:
    case = case_services.get(case_id)
    case_services.edit(case, actor=actor(), comments_open=turn == "open")
    db.session.commit()
    opened = _("The case takes comments now. What comes in waits in the moderation room.")
    return done(opened if turn == "open" else _("The case takes no comments any more."), ".case", case_id=case_id)


@office.get(f"{COMMENTS}/solidarity.pdf")
def solidarity_letter(case_id: int) -> BaseResponse:
    """What the page shows anyway, as a letter for the post."""
    case = case_services.get(case_id)
    try:
        answer = Response(letters.solidarity(case), mimetype="application/pdf")
    except letters.NoMessages:
        return done(
            _("No message of solidarity is shown yet: approve one, and then print them."), ".case", case_id=case_id
        )
    except (TypesettingBusy, TypesettingFailed):
        abort(503)
    answer.headers["Content-Disposition"] = 'attachment; filename="messages.pdf"'
    return answer


@office.get(COMMENT)
def comment(case_id: int, comment_id: int) -> Response:
    return _page(_comment(case_id, comment_id))


@office.post(f"{COMMENT}/<any({ACTS}):verdict>")
def judge_comment(case_id: int, comment_id: int, verdict: str) -> BaseResponse:
    return judge_one(Subject("comment", _comment(case_id, comment_id).id), Act(verdict))


@office.post(f"{COMMENT}/reply")
def reply_to_comment(case_id: int, comment_id: int) -> BaseResponse:
    found, form = _comment(case_id, comment_id), ReplyForm()
    if not form.validate():
        return _page(found, form=form)
    try:
        comments.reply(found, form.reply.data or "")
    except comments.MovedOn:
        db.session.rollback()
        return done(_("Its writer has taken the comment back: there is nothing to answer."), ".moderation_room")
    audit.record("comment.replied", str(comment_id), actor=actor())
    db.session.commit()
    return done(_("The reply is saved. It stands below the comment while that is shown."), ".comment",
                case_id=case_id, comment_id=comment_id)  # fmt: skip


@office.post(f"{COMMENT}/address")
def open_comment_address(case_id: int, comment_id: int) -> Response:
    """Shows the address once, in the answer itself: no link leads to it again."""
    found = _comment(case_id, comment_id)
    try:
        address = comments.address_of(found)
    except comments.AddressGone:
        return _page(found, gone=True)
    audit.record("comment.address_opened", str(comment_id), actor=actor())
    page = _page(found, address=address)
    db.session.commit()
    return page


def _comment(case_id: int, comment_id: int) -> Comment:
    return comments.get(case_services.get(case_id), comment_id)


def _page(found: Comment, *, form: ReplyForm | None = None, address: str = "", gone: bool = False) -> Response:
    subject = Subject("comment", found.id)
    page = render_template(
        "office/comment.html", section="moderation", comment=found, item=queue.item(subject), address=address,
        form=form or ReplyForm(formdata=None, data={"reply": found.reply}), reject=RejectForm(formdata=None),
        history=acts.of(subject.name), said=reports.of(subject.name), reasons=REASONS, states=STATES,
        country_name=countries.name_of, gone=gone or found.blob is None,
    )  # fmt: skip
    return make_response(page, 422 if form else 200)
