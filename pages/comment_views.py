"""Comments of a case in public: read, written without JavaScript, taken back by the writer's own link."""

from datetime import timedelta

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse

from cases import services as case_services
from cases.comments import services as comment_services
from cases.comments.forms import CommentForm
from cases.comments.models import Comment
from cases.models import Case
from core import countries, tokens
from core.db import db
from core.forms import PublicForm
from core.guards import cacheable
from core.limits import Limiter, own_bucket_within
from core.switches import switches
from core.vault import SITE, vault
from pages.views import pages

PAGE = 20
OF_A_NETWORK = parse("10/hour")
OF_A_CASE = parse("300/hour")  # from however many networks: organisers have to read it all
THANKS = "comment-thanks"
THANKS_LIFE = timedelta(minutes=30)


@pages.get("/cases/<slug>/comments")
def comments(slug: str) -> Response:
    before = request.args.get("before", default=0, type=int) % 2**63  # what an id column holds
    return cacheable(_page(case_services.get_case(slug), CommentForm(formdata=None), before=before))


@pages.post("/cases/<slug>/comments")
def write_comment(slug: str) -> ResponseReturnValue:
    case, form = case_services.get_case(slug), CommentForm()
    if not taken(case):
        return _page(case, form), 409
    if not form.validate():
        return _page(case, form), 422
    if not _within(case):
        form.form_errors.append(_("Very much is being written just now. Nothing is lost: send it again in an hour."))
        return _page(case, form), 429
    vault().prepare(SITE)
    secret = comment_services.write(case, **form.values())
    db.session.commit()
    token = tokens.seal_query(THANKS, {"secret": secret})
    return redirect(f"{url_for('.comment_thanks', slug=slug)}?t={token}", 303)


@pages.get("/cases/<slug>/comments/thanks")
def comment_thanks(slug: str) -> str:
    case = case_services.get_case(slug)
    try:
        secret = tokens.open_query(THANKS, request.args.get("t", ""), age=THANKS_LIFE)["secret"]
    except tokens.TokenError:
        secret = None
    link = secret and current_app.config["UNDERSIGNED"].server_url + url_for(".own_comment", secret=secret)
    return render_template("cases/comment_thanks.html", case=case, link=link)


@pages.get("/comments/<secret>")
def own_comment(secret: str) -> str:
    return _own_page(comment_services.of_secret(secret))


@pages.post("/comments/<secret>")
def withdraw_comment(secret: str) -> ResponseReturnValue:
    comment, form = comment_services.of_secret(secret), PublicForm()
    if not form.validate():
        return _own_page(comment, form), 422
    comment_services.withdraw(comment)
    db.session.commit()
    return redirect(url_for(".own_comment", secret=secret), 303)


def _own_page(comment: Comment, form: PublicForm | None = None) -> str:
    """What the writer may do; the words too, while everybody may read them."""
    shown = comment_services.show(comment) if case_services.is_shown(comment.case) else None
    return render_template("cases/comment_own.html", comment=comment, shown=shown, form=form)


def taken(case: Case) -> bool:
    """Whether the case takes comments now."""
    return switches().comments and case.takes_comments


def _within(case: Case) -> bool:
    limiter: Limiter = current_app.extensions["limiter"]
    return own_bucket_within(OF_A_NETWORK, "comment") and limiter.within(OF_A_CASE, "comment-case", str(case.id))


def _page(case: Case, form: CommentForm, *, before: int = 0) -> Response:
    form.offer()
    rows = comment_services.shown(case, limit=PAGE + 1, before=before or None)
    page = render_template(
        "cases/comments.html", case=case, form=form, rows=rows[:PAGE], takes=taken(case), country_name=countries.name_of,
        following=rows[PAGE - 1].id if len(rows) > PAGE else None, paged=bool(before),
    )  # fmt: skip
    return make_response(page)
