"""Signatures taken over from another system: the file, what its columns are, what would come in, and what became of it."""

from flask import Response as FlaskResponse
from flask import make_response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.guards import FORM_LIMIT, body_limit
from core.masks import masked_cell
from core.tables import write_csv
from core.vault import SITE, vault
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.imports import files, words
from organisers.imports import office as imports_office
from organisers.imports.forms import ImportFileForm, LineForm, MeaningForm
from organisers.paper.files import FileUnreadable
from petitions import services
from petitions.counting import tallies
from petitions.imports import inviting, leaving
from petitions.imports import services as imports
from petitions.imports.models import SignatureImport
from petitions.models import Petition
from petitions.states import ImportState

IMPORTS = f"/petitions/<{ID}:petition_id>/imports"
IMPORT = f"{IMPORTS}/<{ID}:import_id>"
PREVIEWED, SHOWN = 20, 50
SAID = {
    "start": lambda: _("It has begun. This page shows how far it is; you may leave it and come back."),
    "cancel": lambda: _("Stopped, and the file is deleted. What had come in stays until you take it back."),
    "invite": lambda: _("Each of them gets one mail, as fast as your mail provider lets them go."),
    "stop-inviting": lambda: _("Stopped: nobody more is written to. Whoever has the mail already can still confirm."),
    "take-back": lambda: _("Taking back has begun: whoever came in by this file and has not confirmed goes out again."),
}


@office.get(IMPORTS)
def import_list(petition_id: int) -> Response:
    return _list_page(services.get(petition_id))


@office.route(f"{IMPORTS}/new", methods=["GET", "POST"])
@body_limit(files.LARGEST + FORM_LIMIT)
def new_import(petition_id: int) -> Response:
    found, form = services.get(petition_id), ImportFileForm()
    if form.validate_on_submit():
        try:
            text = files.decode(form.file.data.read())
            rows = files.rows(text.text)
        except FileUnreadable as error:
            form.file.errors = [str(error)]
        else:
            return _made(found, form, text, rows)
    return form_page("office/import_form.html", form, petition=found, most=files.MOST_LINES)


@office.get(IMPORT)
def signature_import(petition_id: int, import_id: int) -> Response:
    found = services.get(petition_id)
    return _page(found, imports.get(found, import_id))


@office.post(f"{IMPORT}/columns")
def understand_import(petition_id: int, import_id: int) -> Response:
    petition = services.get(petition_id)
    found = imports.get(petition, import_id)
    form = MeaningForm.of(imports.headings(found))
    if not form.validate():
        return _page(petition, found, form)
    try:
        imports_office.understand(petition, found, form.origin.data, form.meaning(), actor=actor())
    except imports.MovedOn:
        return _moved_on(petition_id, import_id)
    db.session.commit()
    sentence = _("The columns are read as you said. What would come in is being counted anew.")
    return done(sentence, ".signature_import", petition_id=petition_id, import_id=import_id)


@office.post(f"{IMPORT}/<any({', '.join(map(repr, imports_office.ACTS))}):act_name>")
def act_on_import(petition_id: int, import_id: int, act_name: str) -> Response:
    petition = services.get(petition_id)
    found = imports.get(petition, import_id)
    try:
        imports_office.ACTS[act_name](petition, found, actor=actor())
    except imports.MovedOn:
        return _moved_on(petition_id, import_id)
    except imports.Busy:
        return _refused(
            petition, _("Another file is being taken in just now. Wait until it is done, then start this one.")
        )
    except inviting.NotOpen:
        return _refused(petition, _("Nobody was written to: open the petition first, so that they can confirm."))
    except imports.NotTaken:
        return _refused(petition, _("Nothing was started: this petition takes no signatures from elsewhere any more."))
    db.session.commit()
    return done(SAID[act_name](), ".signature_import", petition_id=petition_id, import_id=import_id)


@office.post(f"{IMPORT}/remove-line")
def remove_imported_line(petition_id: int, import_id: int) -> Response:
    petition, form = services.get(petition_id), LineForm()
    found = imports.get(petition, import_id)
    if not form.validate():
        return _page(petition, found, line_form=form)
    removed = imports_office.remove_line(petition, found, form.line.data or 0, actor=actor())
    db.session.commit()
    sentence = (
        _("Whoever stood on this line is out, and their data is erased.")
        if removed
        else _("Nobody came in by this line, or they have confirmed or left since. Look them up by their address.")
    )
    return done(sentence, ".signature_import", petition_id=petition_id, import_id=import_id)


@office.get(f"{IMPORT}/refused.csv")
def refused_lines(petition_id: int, import_id: int) -> FlaskResponse:
    petition = services.get(petition_id)
    found = imports.get(petition, import_id)
    rows = [(one.line, one.reason.value, str(words.REASONS[one.reason])) for one in imports.refusals(found)]
    answer = make_response(b"".join(write_csv((_("Line"), _("Reason"), _("What to do")), rows)))
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="refused-{found.id}.csv"'
    return answer


def _made(found: Petition, form: ImportFileForm, text: files.Text, rows: files.Rows) -> Response:
    vault().prepare(SITE)
    given = {"label": form.label.data or "", "country": form.country_default.data or "", "actor": actor()}
    try:
        made = imports_office.make(found, text, rows, **given)
    except imports.NotTaken:
        return _refused(found, _("Nothing was saved: this petition takes no signatures from elsewhere."))
    db.session.commit()
    sentence = _("Nothing has come in yet. See whether each column is what it is taken for.")
    return done(sentence, ".signature_import", petition_id=found.id, import_id=made.id)


def _page(
    petition: Petition, found: SignatureImport, form: MeaningForm | None = None, line_form: LineForm | None = None
) -> Response:
    headings = imports.headings(found)
    form = form or MeaningForm.of(headings, formdata=None, data=_told(found))
    first = imports.part(found, 1)[:PREVIEWED] if found.state in (ImportState.COUNTING, ImportState.WAITING) else []
    shown = [(number, _cells(found, cells)) for number, cells in first]
    page = render_template(
        "office/import.html", petition=petition, found=found, form=form, line_form=line_form or LineForm(formdata=None),
        headings=headings, rows=shown, words=words, refused=list(imports.refusals(found, most=SHOWN)),
        taken=sorted(found.meaning["columns"], key=found.meaning["columns"].__getitem__), inviting=inviting.progress(found),
        left=leaving.standing(found) if found.state == ImportState.UNDOING else 0,
    )  # fmt: skip
    wrong = form.errors or (line_form and line_form.errors)
    return make_response(page, 422 if wrong else 200)


def _cells(found: SignatureImport, cells: list[str] | str) -> dict[str, str] | None:
    """Field → what stands there, masked; None where the line could not be cut into cells."""
    if isinstance(cells, str):
        return None
    return {field: masked_cell(cells[place]) for field, place in found.meaning["columns"].items() if place < len(cells)}


def _told(found: SignatureImport) -> dict[str, str]:
    meaning = found.meaning
    columns = {field: str(place) for field, place in meaning["columns"].items()}
    own = {"origin": found.origin.value, "zone": meaning["zone"], "order": meaning["order"]}
    return {**columns, **own, "country_default": meaning["country"]}


def _list_page(petition: Petition, *, problem: str = "", status: int = 200) -> Response:
    page = render_template(
        "office/imports.html", petition=petition, imports=imports.list_of(petition), words=words,
        takes=imports.takes_imports(petition), imported=tallies.imported(petition.id),
        problems=[problem] if problem else [],
    )  # fmt: skip
    return make_response(page, status)


def _refused(petition: Petition, sentence: str) -> Response:
    db.session.rollback()
    return _list_page(petition, problem=sentence, status=409)


def _moved_on(petition_id: int, import_id: int) -> Response:
    db.session.rollback()
    sentence = _("It has gone on meanwhile, so nothing was changed. Its present state is shown here.")
    return done(sentence, ".signature_import", petition_id=petition_id, import_id=import_id)
