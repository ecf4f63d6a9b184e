"""Tax receipts in the office: registrations, the receipts that were issued, and the file of a year."""

from flask import Response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from core import countries
from core.db import db
from core.formats import CSV
from donations.tax import exports, lookup, registrations
from donations.tax.models import TaxReceipt
from donations.tax.reasons import reason_of
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.tax.forms import ExportForm, RegistrationForm

PAGE = 50
REGISTRATIONS, RECEIPT = "/tax/registrations", "/tax/receipts/<public_id>"


@office.get("/tax")
def tax_receipts() -> Response:
    return _page(ExportForm.fresh())


@office.route(f"{REGISTRATIONS}/new", methods=["GET", "POST"])
def new_tax_registration() -> BaseResponse:
    replaced = request.args.get("replace", type=int)
    form = RegistrationForm.replacing(registrations.find(replaced) if replaced else None)
    if not form.validate_on_submit():
        return _registration_page(form)
    try:
        entered = registrations.register(actor=actor(), **form.values())
    except registrations.PrefixTaken:
        db.session.rollback()
        form.prefix.errors = [_("Numbers of another registration begin with this already. Choose something else.")]
        return _registration_page(form)
    country = countries.name_of(entered.country)
    db.session.commit()
    return done(
        _("The registration is in use: donors in %(country)s get tax receipts.", country=country), ".tax_receipts"
    )


@office.post(f"{REGISTRATIONS}/<{ID}:registration_id>/retire")
def retire_tax_registration(registration_id: int) -> BaseResponse:
    registration = registrations.get(registration_id)
    country = countries.name_of(registration.country)
    try:
        registrations.retire(registration, actor=actor())
    except registrations.RetiredAlready:
        db.session.rollback()
        return done(_("This registration went out of use before."), ".tax_receipts")
    db.session.commit()
    return done(
        _("The registration is out of use: donors in %(country)s get no tax receipts any more.", country=country),
        ".tax_receipts",
    )


@office.post("/tax/export")
def export_tax_receipts() -> Response:
    form = ExportForm()
    if not form.validate():
        return _page(form)
    year = int(form.year.data or 0)
    answer = Response(exports.export(year, names=bool(form.names.data), actor=actor()), content_type=CSV.media_type)
    db.session.commit()
    answer.headers["Content-Disposition"] = f'attachment; filename="tax-receipts-{year}.csv"'
    return answer


@office.get(RECEIPT)
def tax_receipt(public_id: str) -> Response:
    return _receipt_page(lookup.get(public_id))


@office.post(f"{RECEIPT}/anew")
def issue_tax_receipt_anew(public_id: str) -> BaseResponse:
    try:
        lookup.ask_anew(lookup.get(public_id), actor=actor())
    except lookup.CancelledAlready:
        return done(_("This receipt was cancelled before."), ".tax_receipt", public_id=public_id)
    db.session.commit()
    sentence = _(
        "The receipt is issued anew within a minute, if the donor still has an address in its country. The donor gets it, and "
        "the cancellation of this one, by mail."
    )
    return done(sentence, ".tax_receipt", public_id=public_id)


@office.post(f"{RECEIPT}/name")
def open_tax_receipt(public_id: str) -> Response:
    """Shows name and address once, in the answer itself: no address leads to them again."""
    receipt = lookup.get(public_id)
    try:
        person = lookup.open_name(receipt, actor=actor())
    except lookup.NameGone:
        return _receipt_page(receipt)
    page = _receipt_page(receipt, person)
    db.session.commit()
    return page


def _page(form: ExportForm) -> Response:
    before = request.args.get("before", default=0, type=int) % 2**63  # what an id column holds
    found = lookup.latest(limit=PAGE + 1, before=before or None)
    following = found[PAGE - 1].id if len(found) > PAGE else None
    return form_page(
        "office/tax_receipts.html", form, section="tax", registrations=registrations.list_all(), receipts=found[:PAGE],
        following=following, country_of=countries.name_of,
    )  # fmt: skip


def _registration_page(form: RegistrationForm) -> Response:
    return form_page("office/tax_registration_form.html", form, section="tax")


def _receipt_page(receipt: TaxReceipt, person: dict[str, str] | None = None) -> Response:
    return form_page(
        "office/tax_receipt.html", ExportForm.fresh(), section="tax", receipt=receipt, person=person,
        reason=reason_of(receipt), country_of=countries.name_of, standing=registrations.in_use(receipt.registration.country),
    )  # fmt: skip
