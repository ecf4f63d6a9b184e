"""A file of typed sheets: chosen, its columns understood, shown as it would be imported, and then imported."""

from collections.abc import Mapping

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.guards import FORM_LIMIT, body_limit
from core.tokens import TokenError
from core.vault import vault
from organisers.answers import actor, done, form_page
from organisers.blueprint import office
from organisers.paper import office as paper_office
from organisers.paper.files import LARGEST, FileUnreadable, Table, decode, guess, table
from organisers.paper.forms import MappingForm, UploadForm
from organisers.paper.importing import PREVIEWED, SHOWN, Checked, check, purpose
from organisers.paper.views import PAPER, not_taken, outcome
from organisers.sealed_file import SealedFile
from petitions import services
from petitions.models import Petition
from petitions.paper.services import PaperNotTaken, takes_paper

DRAFTS = 2 * LARGEST + FORM_LIMIT  # a file that cannot be packed grows by seven ninths when it is sealed


@office.route(f"{PAPER}/import", methods=["GET", "POST"])
@body_limit(LARGEST + FORM_LIMIT)
def import_paper(petition_id: int) -> Response:
    found = services.get(petition_id)
    if not takes_paper(found):
        return not_taken(found)
    form = UploadForm.of(found)
    if form.validate_on_submit():
        try:
            text = decode(form.file.data.read())
            read = table(text)
        except FileUnreadable as error:
            form.file.errors = [str(error)]
        else:
            return _first_look(found, form, SealedFile.of(text), read)
    return form_page("office/paper_import.html", form, petition=found)


@office.post(f"{PAPER}/import/check")
@body_limit(DRAFTS)
def check_paper_import(petition_id: int) -> Response:
    return _second_step(services.get(petition_id), run=False)


@office.post(f"{PAPER}/import/run")
@body_limit(DRAFTS)
def run_paper_import(petition_id: int) -> Response:
    return _second_step(services.get(petition_id), run=True)


def _first_look(found: Petition, upload: UploadForm, draft: SealedFile, read: Table) -> Response:
    """The page after the upload: the columns as guessed, and what would become of the lines."""
    mapping, header = guess(read)
    guessed = {name: str(place) for name, place in mapping.items()}
    told = {
        "label": upload.label.data,
        "sheet": upload.sheet.data,
        "country_default": upload.country.data,
        "header": header,
    }
    form = MappingForm.of(found, formdata=None, data={**told, **guessed})
    form.offer(read.rows[0])
    checked = _checked(found, form, read) if mapping.get("name") is not None else None
    return _preview(found, form, draft, checked)


def _second_step(found: Petition, *, run: bool) -> Response:
    form = MappingForm.of(found)
    try:
        draft = SealedFile.open(form.draft.data or "", purpose(found, actor()))
    except TokenError:
        return done(_("The file was chosen too long ago. Choose it again."), ".import_paper", petition_id=found.id)
    read = table(draft.text)
    form.offer(read.rows[0])
    if not form.validate():
        return _preview(found, form, draft, None, status=422)
    checked = _checked(found, form, read)
    if run and request.form.get("seen") == seen(form):
        return _run(found, form, draft, checked)
    return _preview(found, form, draft, checked)


def _checked(found: Petition, form: MappingForm, read: Table) -> Checked:
    return check(found, read, form.mapping(), header=form.header.data, country=form.country_default.data or "")


def _run(found: Petition, form: MappingForm, draft: SealedFile, checked: Checked) -> Response:
    kept = {int(number) for number in request.form.getlist("keep") if number.isascii() and number.isdigit()}
    lines = checked.to_store(kept)
    vault().prepare(found.scope)
    given = {"label": form.label.data or "", "sheet": form.sheet.data, "once": draft.once, "actor": actor()}
    try:
        batch, entered = paper_office.enter(found, lines, **given)
    except PaperNotTaken:
        return not_taken(found)
    said = outcome(entered, len(checked.good) - len(lines))
    if not entered.counted:
        db.session.rollback()
        return done(said, ".paper", petition_id=found.id)
    batch_id = batch.id
    db.session.commit()
    return done(said, ".paper_batch", petition_id=found.id, batch_id=batch_id)


def _preview(
    found: Petition, form: MappingForm, draft: SealedFile, checked: Checked | None, status: int = 200
) -> Response:
    context: Mapping[str, object] = {
        "sealed": draft.sealed(purpose(found, actor())), "seen": seen(form), "checked": checked, "most": SHOWN,
        "previewed": PREVIEWED,
    }  # fmt: skip
    return make_response(
        render_template("office/paper_import_check.html", petition=found, form=form, **context), status
    )


def seen(form: MappingForm) -> str:
    """How the columns were understood on the page that was looked at: an import under another mapping is shown first."""
    return repr((sorted(form.mapping().items()), bool(form.header.data), form.country_default.data))
