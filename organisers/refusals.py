"""What the office says when it cannot do something: what happened, what to do next, and nothing that was typed is lost."""

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _

from core import clock
from core.errors import explanation
from core.guards import from_own_page

NOT_KEPT = ("csrf_token", "password", "again", "current", "code")  # a secret never comes back in a page
FAULT = 500


def page(code: int) -> Response:
    """The office's page for a status code."""
    known = {
        404: (
            _("This is not in the office"),
            _("It may have been removed meanwhile, or the address is mistyped. The dashboard leads to everything there is."),
        ),
        413: (
            _("That was too much at once"),
            _("Nothing was saved. Go back in your browser: what you typed is there. Shorten it, or choose a smaller file."),
        ),
        FAULT: (
            _("Something went wrong on our side"),
            _(
                "Nothing of this was saved. Go back in your browser: what you typed is still there, so try once more. If it "
                "happens again, tell the person who runs the site that it was at %(time)s UTC; the log of then says why.",
                time=f"{clock.now():%H:%M}",
            ),
        ),
    }  # fmt: skip
    return answer(code, *(known.get(code) or explanation(code)))


def answer(code: int, title: str, sentence: str) -> Response:
    return make_response(render_template("office/error.html", title=title, sentence=sentence), code)


def stale() -> Response:
    """A form whose token is of another session: shown again to be sent, if it was a page of this site that sent it."""
    title = _("This form is out of date")
    if not from_own_page():
        sentence = _(
            "Nothing was saved: this page was opened before you last logged in or out. Go back, reload it and send it again."
        )
        return answer(400, title, sentence)
    sentence = _(
        "Nothing was saved yet: the page was opened before you last logged in or out. Nothing that you typed is lost."
    )
    return _kept(400, title, sentence)


def logged_out() -> Response | None:
    """For a form that came after the session had ended: kept until its sender has logged in. None where nothing was typed."""
    if request.method != "POST" or not from_own_page() or not typed():
        return None
    title = _("You have been logged out")
    return _kept(
        403, title, _("Nothing was saved yet, and nothing that you typed is lost. Log in first, then send it again.")
    )


def _kept(code: int, title: str, sentence: str) -> Response:
    """The form's fields as they were sent, to be sent again; a file or a secret has to be given anew."""
    context = {"title": title, "sentence": sentence, "typed": typed(), "path": request.full_path.rstrip("?")}
    given_anew = bool(request.files) or any(name in NOT_KEPT[1:] for name in request.form)
    return make_response(render_template("office/kept.html", given_anew=given_anew, **context), code)


def typed() -> list[tuple[str, str]]:
    """What the form held that was sent: neither its token, nor a secret, nor files."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_KEPT]
