"""The books in the office: the last reconciliation, every payout with its check, and the accountant's files."""

from collections.abc import Iterator

from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import clock
from core.db import db
from deliveries.streams import in_own_context
from donations.books import exports, jobs, keeping, reconciliation, scope
from donations.books.amounts import text
from donations.books.sums import check_payout
from organisers.answers import actor, done, form_page
from organisers.blueprint import office
from organisers.books.forms import BooksForm
from organisers.dashboard import work

PAYOUTS_SHOWN = 50
PAGE = "office/books.html"


@office.get("/books")
def books() -> Response:
    return _page(BooksForm(formdata=None, data={"month": f"{clock.now():%Y-%m}"}))


@office.post("/books/export")
def export_books() -> Response:
    form = BooksForm()
    if not form.validate():
        return _page(form)
    try:
        wanted = scope.of_payout(form.payout.data) if form.payout.data else scope.of_month(str(form.month.data))
    except ValueError:
        form.month.errors = [_("Write a year and a month, like 2026-11.")]
        return _page(form)
    chunks, ending, media_type = _file(wanted, form)
    db.session.commit()
    answer = FlaskResponse(in_own_context(chunks), content_type=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="books-{wanted.name}.{ending}"'
    return answer


@office.post("/books/reconcile")
def reconcile_books() -> Response:
    jobs.run_soon()
    db.session.commit()
    return done(_("The books are compared now. This takes some minutes; then this page says what was found."), ".books")


def _file(wanted: scope.Scope, form: BooksForm) -> tuple[Iterator[bytes], str, str]:
    """The bytes, the ending of the file's name, and the media type."""
    kind = form.format.data
    if kind == "ledger":
        return exports.export_journal(wanted, "ledger", actor=actor()), "beancount", "text/plain; charset=utf-8"
    if kind == "journal":
        return exports.export_journal(wanted, "csv", actor=actor()), "journal.csv", exports.FORMATS["csv"].media_type
    chunks = exports.export(wanted, kind, names=bool(form.names.data), actor=actor())
    return chunks, kind, exports.FORMATS[kind].media_type


def _page(form: BooksForm) -> Response:
    found = keeping.payouts(PAYOUTS_SHOWN)
    checks = [check_payout(payout, keeping.transactions_of(payout.id)) for payout in found]
    shown = {"last": reconciliation.last(), "comparing": work.is_asked(jobs.KIND)}
    return form_page(PAGE, form, section="books", checks=checks, amount=text, **shown)
