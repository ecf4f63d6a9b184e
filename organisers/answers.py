"""How office views answer: a form's page (422 when something in it must change), or a redirect with a sentence."""

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask_security import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse


def actor() -> str:
    """Whom the audit chain names for this request."""
    return str(current_user.email)


def form_page(template: str, form: FlaskForm, **context: Any) -> Response:
    """The form's page, with everything typed; 422 once it was sent and did not hold."""
    return make_response(render_template(template, form=form, **context), 422 if form.errors else 200)


def done(sentence: str, endpoint: str, **values: Any) -> BaseResponse:
    """Back to a page, which then says what happened."""
    return done_at(sentence, url_for(endpoint, **values))


def done_at(sentence: str, path: str) -> BaseResponse:
    """Back to a page of the office by its path, which then says what happened."""
    flash(sentence)
    return redirect(path, 303)
