"""The page on which a visitor reports words that are shown: the same for everybody, and it hides nothing by itself."""

from flask import Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse

from cases.comments.forms import ReportForm
from core import reports
from core.db import db
from core.guards import cacheable
from core.limits import own_bucket, own_bucket_within
from core.reports import ReportReason
from core.vault import SITE, vault
from pages import reported
from pages.views import pages

REPORTS = parse("10/hour")
SUBJECT = "/reports/<any(comment, wall):kind>/<int(max=2147483647):number>"


@pages.get(SUBJECT)
def report(kind: str, number: int) -> Response:
    return cacheable(_page(kind, number, ReportForm(formdata=None)))


@pages.post(SUBJECT)
def send_report(kind: str, number: int) -> ResponseReturnValue:
    reported.get(kind, number)
    form = ReportForm()
    if not form.validate():
        return _page(kind, number, form), 422
    if not own_bucket_within(REPORTS, "report"):
        form.form_errors.append(_("Very much was reported from your network. Wait an hour, then send it again."))
        return _page(kind, number, form), 429
    vault().prepare(SITE)
    reports.file(
        reported.subject(kind, number), reason=ReportReason(form.reason.data), text=form.text.data or "",
        bucket=own_bucket(), trapped=bool(form.website.data),
    )  # fmt: skip
    db.session.commit()
    return redirect(url_for(".report_sent"), 303)


@pages.get("/reports/sent")
def report_sent() -> Response:
    return cacheable(make_response(render_template("pages/report_sent.html")))


def _page(kind: str, number: int, form: ReportForm) -> Response:
    quoted = reported.get(kind, number)
    return make_response(render_template("pages/report.html", kind=kind, number=number, quoted=quoted, form=form))
