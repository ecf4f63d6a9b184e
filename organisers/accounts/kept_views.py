"""A form that was kept over a proof or a login: given back in its own page, or here where it has none."""

from flask import Response, g, make_response, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_security import current_user
from werkzeug.wrappers import Response as BaseResponse

from core.db import db
from organisers.accounts import keeping, kept_forms, presence
from organisers.answers import done
from organisers.blueprint import office

KEPT = "/kept/<kept_id>"


@office.get(KEPT)
def kept_form(kept_id: str) -> BaseResponse:
    typed = kept_forms.find(presence.here(), kept_id)
    if keeping.has_page(typed.path):
        return redirect(f"{typed.path}?{keeping.OFFERED}={kept_id}", 303)
    return _page(typed, kept_id)


@office.post(f"{KEPT}/drop")
def drop_kept_form(kept_id: str) -> BaseResponse:
    kept_forms.drop(presence.here(), kept_id)
    db.session.commit()
    session.pop(keeping.OFFERED, None)
    return done(_("What you had typed is deleted. Nothing was done."), ".dashboard")


@office.after_request
def settle_kept(response: BaseResponse) -> BaseResponse:
    """What was sent is kept no longer; and a page whose fields cannot be filled gives way to one that shows them."""
    if not current_user.is_authenticated:
        return response
    if request.method == "POST" and response.status_code == 303 and keeping.OFFERED in session:
        keeping.forget_sent()
    if response.status_code == 200 and not keeping.is_shown():
        return _page(g.kept, session[keeping.OFFERED][0])
    return response


def _page(typed: kept_forms.Typed, kept_id: str) -> Response:
    session[keeping.OFFERED] = [kept_id, typed.path]
    return make_response(render_template("office/kept_form.html", typed=typed, kept_id=kept_id))
