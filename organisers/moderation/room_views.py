"""The moderation room: one queue, judged by buttons or keys; every judgement can be undone."""

import enum
from collections import Counter
from typing import Any

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from core import countries
from core.db import RowNotFound, db
from core.guards import with_scripts
from organisers.accounts import presence
from organisers.answers import actor, done
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.moderation import acts, judging, queue, subjects
from organisers.moderation.models import Act
from organisers.moderation.room_forms import ACTS, REASONS, STATES, FilterForm, ManyForm, RejectForm
from organisers.moderation.subjects import Subject
from organisers.permissions import JUDGES
from petitions.invitations import judging as claims


class End(enum.Enum):
    """What became of one of those ticked."""

    APPROVED = enum.auto()
    MISSED = enum.auto()
    SEALED = enum.auto()


SAID = {
    Act.APPROVE: lambda: _("Approved: the page shows it."),
    Act.REJECT: lambda: _("Rejected: nobody but the office sees it."),
    Act.UNDO: lambda: _("Undone: it stands again as it did before."),
}


@office.get("/moderation")
def moderation_room() -> Response:
    return room_page()


@office.post("/moderation")
def approve_ticked() -> BaseResponse:
    form, filters = ManyForm(), _filters()
    if not form.validate():
        return room_page(problems=[str(message) for message in form.items.errors or ()])
    judging.prepare()
    ended = Counter(_approve(subject, seen) for subject, seen in form.chosen())
    db.session.commit()
    return done(_told(ended), ".moderation_room", **filters.address())


@office.post("/moderation/undo")
def undo_last() -> BaseResponse:
    """Undoes what this organiser did last, if it is still what the page showed."""
    last = acts.last_by(actor())
    if last is None or request.form.get("act") != str(last.id):
        return done(_("There is nothing left to undo here."), ".moderation_room", **_filters().address())
    subject = Subject.read(last.subject)
    _check_reach(subject)
    return judge_one(subject, Act.UNDO, seen=last.after)


@office.post(f"/wall/<{ID}:entry_id>/words/<any({ACTS}):verdict>")
def judge_wall_words(entry_id: int, verdict: str) -> BaseResponse:
    return judge_one(Subject("wall", entry_id), Act(verdict))


@office.post(f"/petitions/<{ID}:petition_id>/invitations/<{ID}:invitation_id>/claim/<any({ACTS}):verdict>")
def judge_claim(petition_id: int, invitation_id: int, verdict: str) -> BaseResponse:
    """Of a notable signatory, or of an organisation."""
    if claims.get(invitation_id).petition_id != petition_id:
        raise claims.ClaimNotFound(str(invitation_id))
    return judge_one(Subject("notable", invitation_id), Act(verdict))


def judge_one(subject: Subject, act: Act, *, seen: str = "") -> BaseResponse:
    """Judges one subject as a form of the room, or of its own page, asks; and goes back to where the form stood."""
    seen, form = seen or request.form.get("seen", ""), RejectForm()
    if act == Act.REJECT and not form.validate():
        return room_page(refused=(subject, form))
    judging.prepare()
    try:
        if act == Act.UNDO:
            judging.undo(subject, seen=seen, actor=actor())
        else:
            judging.judge(subject, act, seen=seen, actor=actor(), **(form.why() if act == Act.REJECT else {}))
    except (judging.MovedOn, judging.NothingToUndo):
        return _refused(
            _("Somebody else has judged it meanwhile, or its writer took it back. Nothing was changed."), subject
        )
    except judging.Unreadable:
        return _refused(
            _("Its seal does not open, so that it cannot be shown. Ask whoever runs the site about the keys."), subject
        )
    db.session.commit()
    return _back(SAID[act](), subject)


def room_page(*, problems: list[str] | None = None, refused: tuple[Subject, RejectForm] | None = None) -> Response:
    """The room as its address filters it; with what was not taken, and 422."""
    filters, reached = _filters(), presence.cases_of(JUDGES)
    if refused is not None:
        problems = [str(message) for messages in refused[1].errors.values() for message in messages]
    context: dict[str, Any] = {
        "items": queue.items(filters.asked(reached)), "filters": filters, "last": acts.last_by(actor()), "many": queue.MANY,
        "held": queue.held_submissions(reached), "reasons": REASONS, "states": STATES,
        "reject": RejectForm(formdata=None), "refused": refused, "problems": problems or [], "country_name": countries.name_of,
        "waiting": queue.attention(reached),
    }  # fmt: skip
    page = render_template("office/moderation.html", section="moderation", **context)
    return with_scripts(make_response(page, 422 if problems else 200))


def _check_reach(subject: Subject) -> None:
    """Raises SubjectNotFound for what belongs to another's case."""
    if not presence.scope().reaches(subjects.look(subject).case_id, JUDGES):
        raise subjects.SubjectNotFound(subject.name)


def _approve(subject: Subject, seen: str) -> End:
    """Approves one of many; what cannot be approved stops none of the others."""
    try:
        _check_reach(subject)
        with db.session.begin_nested():
            judging.judge(subject, Act.APPROVE, seen=seen, actor=actor())
    except (judging.MovedOn, RowNotFound):
        return End.MISSED
    except judging.Unreadable:
        return End.SEALED
    return End.APPROVED


def _filters() -> FilterForm:
    return FilterForm.of_request(case_services.list_all(presence.cases_of(JUDGES)))


def _refused(sentence: str, subject: Subject) -> BaseResponse:
    db.session.rollback()
    return _back(sentence, subject)


def _back(sentence: str, subject: Subject) -> BaseResponse:
    """To the item that follows, so that whoever works by keyboard goes on there; or to the item's own page."""
    following = request.form.get("following", "")
    if following == "own" and subject.kind == "comment":
        return done(sentence, ".comment", case_id=subjects.look(subject).case_id, comment_id=subject.number)
    return done(sentence, ".moderation_room", **_filters().address(), _anchor=following or "queue")


def _told(ended: Counter[End]) -> str:
    """What became of those ticked: 3 approved; 1 was changed meanwhile, look again."""
    approved, missed, sealed = ended[End.APPROVED], ended[End.MISSED], ended[End.SEALED]
    sentences = [ngettext("%(number)s is approved.", "%(number)s are approved.", approved, number=approved)]
    if missed:
        one = "%(number)s was changed or taken back meanwhile and was left as it is: look again."
        many = "%(number)s were changed or taken back meanwhile and were left as they are: look again."
        sentences.append(ngettext(one, many, missed, number=missed))
    if sealed:
        one = "%(number)s cannot be shown, because its seal does not open: ask whoever runs the site about the keys."
        many = "%(number)s cannot be shown, because their seals do not open: ask whoever runs the site about the keys."
        sentences.append(ngettext(one, many, sealed, number=sealed))
    return " ".join(sentences)
