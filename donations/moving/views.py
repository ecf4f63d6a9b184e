"""Where the donor of a regular gift says what becomes of it once its case is over: GET shows, POST answers, once."""

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from core.db import db
from donations.models import Donation
from donations.moving import services as moving_services
from donations.moving import words
from donations.moving.forms import FundForm
from donations.moving.models import FundQuestion
from donations.moving.services import Stage
from donations.own_page import links

moving = Blueprint("moving", __name__, url_prefix="/donations/manage")
PATH = "/<secret>/fund/<public_id>"


@moving.after_request
def hide(response: Response) -> Response:
    """Keeps the pages out of search engines, whoever publishes an address."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@moving.errorhandler(links.OwnLinkGone)
def gone(error: links.OwnLinkGone) -> ResponseReturnValue:
    title, sentence = words.gone()
    return render_template("donations/moving/told.html", title=title, sentence=sentence), 404


@moving.get(PATH)
def ask(secret: str, public_id: str) -> str:
    gift = moving_services.get_gift(links.get(secret), public_id)
    question = moving_services.last_question(gift)
    stage = moving_services.stage(gift, question)
    if question is None or stage != Stage.OPEN:
        return _told(secret, gift, stage)
    return _asked(secret, gift, question, FundForm(formdata=None))


@moving.post(PATH)
def answer(secret: str, public_id: str) -> ResponseReturnValue:
    """Pressing twice, or too late, shows what came of it."""
    gift = moving_services.get_gift(links.get(secret), public_id)
    question = moving_services.last_question(gift)
    if question is not None and moving_services.stage(gift, question) == Stage.OPEN:
        form = FundForm()
        if not form.validate():
            return _asked(secret, gift, question, form), 422
        _take(question, form)
    return redirect(url_for(".ask", secret=secret, public_id=public_id), 303)


def _take(question: FundQuestion, form: FundForm) -> None:
    try:
        if form.stops:
            moving_services.stop(question)
        else:
            moving_services.move(question, form.case)
    except moving_services.AnsweredAlready:
        db.session.rollback()
    else:
        db.session.commit()


def _asked(secret: str, gift: Donation, question: FundQuestion, form: FundForm) -> str:
    return render_template(
        "donations/moving/question.html", secret=secret, gift=gift, form=form, facts=words.facts(gift, question),
        why=words.why(question), hints=words.hints(gift, question),
    )  # fmt: skip


def _told(secret: str, gift: Donation, stage: Stage) -> str:
    title, sentence = words.told(stage, gift)
    return render_template("donations/moving/told.html", title=title, sentence=sentence, secret=secret)
