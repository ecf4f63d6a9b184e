"""The moderation room: one queue, judged by buttons or keys; every judgement can be undone."""

from typing import Any

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from core import countries
from core.db import db
from core.guards import with_scripts
from core.vault import SITE, vault
from organisers.accounts import presence
from organisers.answers import actor, done
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.moderation import acts, judging, queue
from organisers.moderation.judging import Subject
from organisers.moderation.models import Act
from organisers.moderation.room_forms import ACTS, REASONS, STATES, FilterForm, ManyForm, RejectForm
from organisers.permissions import JUDGES

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
    vault().prepare(SITE)
    approved, missed = 0, 0
    for subject, seen in form.chosen():
        _check_reach(subject)
        try:
            with db.session.begin_nested():
                judging.judge(subject, Act.APPROVE, seen=seen, actor=actor())
            approved += 1
        except (judging.MovedOn, judging.Unreadable):
            missed += 1
    db.session.commit()
    return done(_approved(approved, missed), ".moderation_room", **filters.address())


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


def judge_one(subject: Subject, act: Act, *, seen: str = "") -> BaseResponse:
    """Judges one subject as a form of the room, or of its own page, asks; and goes back to where the form stood."""
    seen, form = seen or request.form.get("seen", ""), RejectForm()
    if act == Act.REJECT and not form.validate():
        return room_page(refused=(subject, form))
    vault().prepare(SITE)
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
            _("Its seal does not open, so it cannot be shown. Ask whoever runs the site about the keys."), subject
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
        "held": queue.held_submissions(reached), "invited": queue.invitations(reached), "reasons": REASONS, "states": STATES,
        "reject": RejectForm(formdata=None), "refused": refused, "problems": problems or [], "country_name": countries.name_of,
        "waiting": queue.attention(reached),
    }  # fmt: skip
    page = render_template("office/moderation.html", section="moderation", **context)
    return with_scripts(make_response(page, 422 if problems else 200))


def _check_reach(subject: Subject) -> None:
    """Raises NotFound for what belongs to another's case."""
    if not presence.scope().reaches(queue.case_of(subject), JUDGES):
        raise case_services.NotFound(subject.name)


def _filters() -> FilterForm:
    return FilterForm.of_request(case_services.list_all(presence.cases_of(JUDGES)))


def _refused(sentence: str, subject: Subject) -> BaseResponse:
    db.session.rollback()
    return _back(sentence, subject)


def _back(sentence: str, subject: Subject) -> BaseResponse:
    """To the item that follows, so that whoever works by keyboard goes on there; or to the item's own page."""
    following = request.form.get("following", "")
    if following == "own" and subject.kind == "comment":
        case_id = queue.item(subject).case.id  # type: ignore[union-attr]
        return done(sentence, ".comment", case_id=case_id, comment_id=subject.number)
    return done(sentence, ".moderation_room", **_filters().address(), _anchor=following or "queue")


def _approved(approved: int, missed: int) -> str:
    sentence = ngettext("%(number)s is approved.", "%(number)s are approved.", approved, number=approved)
    if not missed:
        return sentence
    other = ngettext(
        "%(number)s stands otherwise by now and was left as it is.",
        "%(number)s stand otherwise by now and were left as they are.",
        missed, number=missed,
    )  # fmt: skip
    return f"{sentence} {other}"
