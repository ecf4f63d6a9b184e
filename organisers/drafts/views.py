"""A file of cases or petitions: chosen, its columns understood, shown as it would come in, made into drafts, taken back."""

from collections.abc import Sequence

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cases.models import Case
from core.db import db
from core.guards import FORM_LIMIT, body_limit
from core.tokens import TokenError
from organisers.accounts import presence
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.drafts import services, standing
from organisers.drafts.forms import FORMS, ColumnsForm, DraftFileForm
from organisers.drafts.layouts import GENERAL, LAYOUTS
from organisers.drafts.models import DraftKind
from organisers.drafts.reading import Meaning
from organisers.drafts.services import Checked
from organisers.drafts.words import BY_KIND, KINDS
from organisers.imports import files
from organisers.imports.layouts import recognise
from organisers.paper.files import FileUnreadable
from organisers.permissions import OWNERS, WRITERS
from organisers.petitions.forms import language_choices
from organisers.sealed_file import SealedFile

LARGEST = 2 * 1024 * 1024
DRAFTS = 2 * LARGEST + FORM_LIMIT  # a file that cannot be packed grows by seven ninths when it is sealed
LIMITS = files.Limits(lines=500, cell=100_000, row=2_000)
SHOWN = 100
CHOOSE = {DraftKind.CASES: "import_cases", DraftKind.PETITIONS: "import_petitions"}
CHECK = {DraftKind.CASES: "check_cases", DraftKind.PETITIONS: "check_petitions"}


@office.get("/drafts")
def draft_imports() -> str:
    found = services.list_of(reach=presence.cases_of(WRITERS), owner=_is_owner())
    return render_template("office/draft_imports.html", imports=found, kinds=KINDS)


@office.route("/drafts/cases", methods=["GET", "POST"])
@body_limit(LARGEST + FORM_LIMIT)
def import_cases() -> Response:
    return _choose(DraftKind.CASES)


@office.post("/drafts/cases/check")
@body_limit(DRAFTS)
def check_cases() -> Response:
    return _check(DraftKind.CASES)


@office.route("/drafts/petitions", methods=["GET", "POST"])
@body_limit(LARGEST + FORM_LIMIT)
def import_petitions() -> Response:
    return _choose(DraftKind.PETITIONS)


@office.post("/drafts/petitions/check")
@body_limit(DRAFTS)
def check_petitions() -> Response:
    return _check(DraftKind.PETITIONS)


@office.get(f"/drafts/<{ID}:draft_import_id>")
def draft_import(draft_import_id: int) -> str:
    found = services.get(draft_import_id, reach=presence.cases_of(WRITERS), owner=_is_owner())
    untouched = sum(standing.untouched(row) for row in found.rows)
    return render_template("office/draft_import.html", found=found, kinds=KINDS, untouched=untouched)


@office.post(f"/drafts/<{ID}:draft_import_id>/take-back")
def take_back_drafts(draft_import_id: int) -> Response:
    found = services.get(draft_import_id, reach=presence.cases_of(WRITERS), owner=_is_owner())
    gone, kept = standing.take_back(found, actor=actor())
    db.session.commit()
    said = _("%(gone)s drafts are deleted. %(kept)s stay, since something was done with them.", gone=gone, kept=kept)
    return done(said, ".draft_imports")


def _choose(kind: DraftKind) -> Response:
    form = DraftFileForm()
    if form.validate_on_submit():
        try:
            text = files.decode(form.file.data.read()).text
            rows = files.rows(text, LIMITS)
        except FileUnreadable as error:
            form.file.errors = [str(error)]
        else:
            return _first_look(kind, form.label.data or "", SealedFile.of(text), rows)
    return form_page("office/draft_form.html", form, kind=kind, kinds=KINDS, most=LIMITS.lines)


def _first_look(kind: DraftKind, label: str, file: SealedFile, rows: files.Rows) -> Response:
    """The page after the upload: the columns as guessed, and what would become of the lines."""
    found, cases = recognise(rows.headings, LAYOUTS[kind], GENERAL[kind]), _cases()
    told = {ColumnsForm.name_of(field): str(place) for field, place in found.columns.items()}
    alone = {"case_default": str(cases[0].id)} if len(cases) == 1 else {}
    given = {**told, **alone, "label": label, "order": found.layout.order}
    form = FORMS[kind].of(rows.headings, cases, formdata=None, data=given)
    checked = _checked(kind, form, rows, cases) if "title" in found.columns else None
    return _preview(kind, form, file, checked)


def _check(kind: DraftKind) -> Response:
    try:
        file = SealedFile.open(request.form.get("draft", ""), _purpose(kind))
    except TokenError:
        return done(_("The file was chosen too long ago. Choose it again."), f".{CHOOSE[kind]}")
    rows, cases = files.rows(file.text, LIMITS), _cases()
    form = FORMS[kind].of(rows.headings, cases)
    if not form.validate():
        return _preview(kind, form, file, None, status=422)
    checked = _checked(kind, form, rows, cases)
    if "make" in request.form and request.form.get("seen") == _seen(form) and checked.good:
        return _make(kind, form, file, checked)
    return _preview(kind, form, file, checked)


def _make(kind: DraftKind, form: ColumnsForm, file: SealedFile, checked: Checked) -> Response:
    try:
        made = services.make(checked, kind, once=file.once, label=form.label.data or "", actor=actor())
    except case_services.SlugTaken:
        db.session.rollback()
        return _preview(kind, form, file, checked, status=409)
    db.session.commit()
    return done(_("The drafts are made. Nothing of them is public."), ".draft_import", draft_import_id=made.id)


def _checked(kind: DraftKind, form: ColumnsForm, rows: files.Rows, cases: Sequence[Case]) -> Checked:
    given = {name: form[name].data or "" for name in ("country_default", "language_default", "order") if name in form}
    meaning = Meaning(
        kind, form.columns(), country=given.get("country_default", ""), language=given.get("language_default") or "en",
        languages=[code for code, _name in language_choices()], order=given.get("order") or "ymd",
    )  # fmt: skip
    chosen = form["case_default"].data if "case_default" in form else ""
    return services.check(rows.lines, meaning, cases=cases, chosen=int(chosen) if chosen else None)


def _preview(
    kind: DraftKind, form: ColumnsForm, file: SealedFile, checked: Checked | None, status: int = 200
) -> Response:
    page = render_template(
        "office/draft_check.html", form=form, kind=kind, kinds=KINDS, fields=BY_KIND[kind], checked=checked, most=SHOWN,
        sealed=file.sealed(_purpose(kind)), seen=_seen(form), check=f"office.{CHECK[kind]}", choose=f"office.{CHOOSE[kind]}",
        titles={case.id: case.title for case in _cases()}, clash=status == 409,
    )  # fmt: skip
    return make_response(page, status)


def _cases() -> list[Case]:
    """The cases for which the organiser may write."""
    return case_services.list_all(presence.cases_of(WRITERS))


def _is_owner() -> bool:
    return presence.scope().has(OWNERS, everywhere=True)


def _purpose(kind: DraftKind) -> str:
    """What the file in a form is sealed for."""
    return f"drafts/{kind}/{actor()}"


def _seen(form: ColumnsForm) -> str:
    """How the columns were understood on the page that was looked at: under another reading it is shown first."""
    told = {name: value for name, value in form.data.items() if name not in ("csrf_token", "draft", "label") and value}
    return repr(sorted((name, str(value)) for name, value in told.items()))
