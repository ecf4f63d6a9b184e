"""The page on which an official asks for a sample, and the page of whoever is asked: GET shows, POST answers, once."""

from datetime import timedelta

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import parse

from core import tokens
from core.db import db
from core.limits import own_bucket_within
from core.vault import SITE, vault
from deliveries.blueprint import deliveries
from deliveries.models import Delivery
from deliveries.sampling import answering, services, words
from deliveries.sampling.forms import AnswerForm, SampleForm
from petitions import showing

SAMPLES = parse("5/hour")
PAGE = "/deliveries/<public_id>/sample"
QUESTION = "/questions/<secret>"
TOLD = "sample-answered"  # what the address of the last page is sealed for
TOLD_FOR = timedelta(hours=1)


@deliveries.errorhandler(answering.QuestionGone)
def question_gone(error: answering.QuestionGone) -> ResponseReturnValue:
    title, sentence = words.gone()
    return render_template("deliveries/sample_told.html", title=title, sentence=sentence), 404


@deliveries.get(PAGE)
def sample(public_id: str) -> Response:
    delivery = services.get_offered(public_id)
    return _page(delivery, SampleForm(services.most(delivery), formdata=None))


@deliveries.post(PAGE)
def ask_for_sample(public_id: str) -> ResponseReturnValue:
    delivery = services.get_offered(public_id)
    form = SampleForm(services.most(delivery))
    if not form.validate():
        return _page(delivery, form, 422)
    if not own_bucket_within(SAMPLES, "sample"):
        form.form_errors.append(_("Very much was asked from your network. Wait an hour, then send it again."))
        return _page(delivery, form, 429)
    try:
        services.ask(delivery, seed=form.seed.data or "", size=form.lines)
    except tuple(words.REFUSED) as error:
        db.session.rollback()
        form.form_errors.append(words.REFUSED[type(error)]())
        return _page(services.get_offered(public_id), form, 409)
    db.session.commit()
    return redirect(url_for(".sample", public_id=public_id, _anchor="samples"), 303)


@deliveries.get(QUESTION)
def question(secret: str) -> str:
    return _question(secret, AnswerForm(formdata=None))


@deliveries.post(QUESTION)
def answer(secret: str) -> ResponseReturnValue:
    form = AnswerForm()
    if not form.validate():
        return _question(secret, form), 422
    asked = answering.get(secret)
    vault().prepare(SITE)
    way_out = answering.answer(asked, yes=form.yes)
    db.session.commit()
    told = tokens.seal_query(TOLD, {"yes": form.yes, "way_out": way_out})
    return redirect(url_for(".answered", secret=secret, t=told), 303)


@deliveries.get(f"{QUESTION}/answered")
def answered(secret: str) -> ResponseReturnValue:
    try:
        told = tokens.open_query(TOLD, request.args.get("t", ""), age=TOLD_FOR)
    except tokens.TokenError:
        raise answering.QuestionGone from None
    title, sentence = words.thanks() if told["yes"] else words.not_signed(bool(told["way_out"]))
    return render_template("deliveries/sample_told.html", title=title, sentence=sentence, way_out=told["way_out"])


def _question(secret: str, form: AnswerForm) -> str:
    asked = answering.get(secret)
    petition = showing.shown(answering.petition_of(asked))
    return render_template("deliveries/question.html", secret=secret, form=form, petition=petition)


def _page(delivery: Delivery, form: SampleForm, status: int = 200) -> Response:
    petition = showing.shown(delivery.petition)
    page = render_template(
        "deliveries/sample.html", delivery=delivery, petition=petition, form=form, least=services.LEAST, most=form.most,
        least_answers=services.LEAST_ANSWERS, samples=[words.tell(petition, one) for one in services.list_of(delivery)],
    )  # fmt: skip
    return make_response(page, status)
