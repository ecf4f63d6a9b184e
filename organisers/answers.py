"""How office views answer: a form's page (422 when something in it must change), or a redirect with a sentence."""

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_security import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse

from core.db import db
from core.guards import with_scripts

OFFICE_PATH = re.compile(r"/office(?:/[A-Za-z0-9_-]+)*/?(?:\?[A-Za-z0-9=&_-]*)?", re.ASCII)
PREVIEW = "preview"  # the name of the button that shows a form again, with its Markdown as readers will see it


def actor() -> str:
    """Whom the audit chain names for this request."""
    return str(current_user.email)


def form_page(template: str, form: FlaskForm, **context: Any) -> Response:
    """The form's page, with everything typed; 422 once it was sent and did not hold."""
    return make_response(render_template(template, form=form, **context), 422 if form.errors else 200)


def previewed() -> bool:
    """Whether the form was sent only to see how it will look: nothing may be saved then."""
    return PREVIEW in request.form


def writing_page(template: str, form: FlaskForm, **context: Any) -> Response:
    """form_page for texts in Markdown, which a script shows rendered while they are typed."""
    return with_scripts(form_page(template, form, previewed=previewed(), **context))


def done(sentence: str, endpoint: str, **values: Any) -> BaseResponse:
    """Back to a page, which then says what happened."""
    return done_at(sentence, url_for(endpoint, **values))


def done_at(sentence: str, path: str) -> BaseResponse:
    """Back to a page of the office by its path, which then says what happened."""
    flash(sentence)
    return redirect(path, 303)


def moved_on(endpoint: str, **values: Any) -> BaseResponse:
    """Back to a page whose subject somebody else, or the worker, has changed meanwhile: nothing was done."""
    db.session.rollback()
    return done(
        _("It has gone on meanwhile, so nothing was changed. Its present state is shown here."), endpoint, **values
    )


def safe_next(path: str | None) -> str:
    """The office page that somebody wanted before logging in; anything else leads to the dashboard."""
    return path if path and OFFICE_PATH.fullmatch(path) else url_for("office.dashboard")


def page_before() -> str | None:
    """The office page from which this request came, as far as the browser tells."""
    came = urlsplit(request.referrer or "")
    ours = {request.host, urlsplit(current_app.config["UNDERSIGNED"].server_url).netloc}
    return came.path if came.netloc in ours and OFFICE_PATH.fullmatch(came.path) else None
