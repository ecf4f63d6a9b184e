"""Markdown as readers will see it, for a script that asks while somebody types; without one a form's own button shows it."""

from flask import make_response, render_template
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from core.guards import body_limit
from core.text import markdown
from organisers.blueprint import office
from organisers.cases.views import LONG_TEXTS
from organisers.fields import OfficeForm, text

LONGEST = 20_000


class PreviewForm(OfficeForm):
    text = text(_l("Text"), LONGEST)


@office.post("/preview")
@body_limit(LONG_TEXTS)
def preview() -> Response:
    """A piece of HTML: the text as it will look, or the sentence that says what to change."""
    form = PreviewForm()
    if not form.validate():
        return make_response(render_template("office/preview.html", problems=form.text.errors), 422)
    return make_response(str(markdown(form.text.data)))
