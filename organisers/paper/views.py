"""Paper in the office: the sheets that came back, typed in line by line, and taken back where something was wrong."""

from flask import make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from core import countries
from core.db import db
from core.vault import vault
from organisers.accounts import keeping
from organisers.answers import actor, done
from organisers.blueprint import ID, office
from organisers.masking import Mask
from organisers.paper import office as paper_office
from organisers.paper.entry import Entry
from organisers.paper.forms import PileForm
from petitions import services
from petitions.counting import tallies
from petitions.models import Petition
from petitions.paper import batches as paper_batches
from petitions.paper import sheet
from petitions.paper.models import PaperBatch
from petitions.paper.services import Entered, PaperNotTaken, takes_paper

PAPER = f"/petitions/<{ID}:petition_id>/paper"
BATCH = f"{PAPER}/<{ID}:batch_id>"
PAGE = 100


@office.get(PAPER)
def paper(petition_id: int) -> Response:
    return paper_page(services.get(petition_id))


@office.route(f"{PAPER}/new", methods=["GET", "POST"])
def new_paper(petition_id: int) -> Response:
    return _typing(services.get(petition_id), None)


@office.route(f"{BATCH}/more", methods=["GET", "POST"])
def more_paper(petition_id: int, batch_id: int) -> Response:
    found = services.get(petition_id)
    return _typing(found, paper_batches.get_batch(found, batch_id))


@office.get(BATCH)
def paper_batch(petition_id: int, batch_id: int) -> str:
    found = services.get(petition_id)
    batch = paper_batches.get_batch(found, batch_id)
    after = request.args.get("after", default=0, type=int) % 2**63  # what an id column holds
    lines = paper_batches.lines_of(found, batch, after=after, limit=PAGE + 1)
    shown = [(line, countries.name_of(line.country)) for _, line in lines[:PAGE]]
    following = lines[PAGE - 1][0] if len(lines) > PAGE else None
    return render_template(
        "office/paper_batch.html", petition=found, batch=batch, lines=shown, following=following, mask=Mask(found, "paper")
    )  # fmt: skip


@office.post(f"{BATCH}/take-back")
def take_back_paper(petition_id: int, batch_id: int) -> Response:
    found = services.get(petition_id)
    lines = paper_office.take_back(found, paper_batches.get_batch(found, batch_id), actor=actor())
    db.session.commit()
    said = ngettext(
        "%(number)s line was taken back: it counts no more, and its name is erased.",
        "%(number)s lines were taken back: they count no more, and their names are erased.",
        lines, number=lines,
    )  # fmt: skip
    return done(said, ".paper", petition_id=petition_id)


@office.post(f"{BATCH}/take-back/<public_id>")
def take_back_paper_line(petition_id: int, batch_id: int, public_id: str) -> Response:
    found = services.get(petition_id)
    paper_office.take_back_line(found, paper_batches.get_batch(found, batch_id), public_id, actor=actor())
    db.session.commit()
    said = _("The line was taken back: it counts no more, and its name is erased.")
    return done(said, ".paper_batch", petition_id=petition_id, batch_id=batch_id)


def paper_page(found: Petition, *, problem: str = "", status: int = 200) -> Response:
    """The petition's paper: the sheet to print, the ways to type it in, the batches."""
    page = render_template(
        "office/paper.html", petition=found, batches=paper_batches.batches(found), total=tallies.on_paper(found.id),
        offered=sheet.offered(found), takes=takes_paper(found), problems=[problem] if problem else [],
    )  # fmt: skip
    return make_response(page, status)


def not_taken(found: Petition) -> Response:
    """The answer where lines cannot be typed in; what is typed now would count for nothing."""
    db.session.rollback()
    sentence = _("Nothing was saved: this petition or this batch takes no lines from paper now.")
    return paper_page(found, problem=sentence, status=409)


def outcome(entered: Entered, left_out: int) -> str:
    """What became of the lines, in sentences."""
    counted, signed = len(entered.counted), len(entered.signed)
    said = [
        ngettext(
            "%(number)s line was saved and counts.", "%(number)s lines were saved and count.", counted, number=counted
        )
    ]
    if signed:
        said.append(
            ngettext(
                "%(number)s was left out, since its email address has signed already.",
                "%(number)s were left out, since their email addresses have signed already.",
                signed,
                number=signed,
            )
        )
    if entered.disowned:
        said.append(
            _(
                "Left out because the owner of the address said “I never signed this”: %(number)s.",
                number=len(entered.disowned),
            )
        )
    if entered.repeated:
        said.append(_("Saved before, by the same form: %(number)s.", number=len(entered.repeated)))
    if left_out:
        said.append(_("Left out as the same person: %(number)s.", number=left_out))
    return " ".join(said)


def _typing(found: Petition, batch: PaperBatch | None) -> Response:
    if not takes_paper(found) or (batch and batch.taken_back_at):
        return not_taken(found)
    form = PileForm.of(found, data={"label": batch.label if batch else ""})
    sent = form.is_submitted()
    typed = request.form if sent else keeping.given_back()
    entry = Entry.blank(paper_batches.last_country(found)) if typed is None else Entry.typed(typed)
    if sent and form.validate() and entry.holds(found):
        return _saved(found, batch, form, entry)
    page = render_template(
        "office/paper_entry.html", petition=found, batch=batch, form=form, entry=entry, countries=countries.choices()
    )
    return make_response(page, 422 if sent else 200)


def _saved(found: Petition, batch: PaperBatch | None, form: PileForm, entry: Entry) -> Response:
    vault().prepare(found.scope)
    given = {
        "batch": batch,
        "label": form.label.data or "",
        "sheet": form.sheet.data,
        "once": entry.once,
        "actor": actor(),
    }
    try:
        kept, entered = paper_office.enter(found, entry.to_store(), **given)
    except PaperNotTaken:
        return not_taken(found)
    if not entered.counted:
        db.session.rollback()
        return done(outcome(entered, entry.left_out), ".paper", petition_id=found.id)
    batch_id = kept.id
    db.session.commit()
    return done(outcome(entered, entry.left_out), ".more_paper", petition_id=found.id, batch_id=batch_id)
