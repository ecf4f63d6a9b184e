"""Rates in the office: those that hold, and a form for a newer one."""

from flask import request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.currencies import CURRENCIES
from core.db import db
from organisers import numbers
from organisers.answers import actor, done, form_page
from organisers.blueprint import office
from organisers.rates import services as rate_services
from organisers.rates.forms import RateForm


@office.get("/rates")
def rates() -> Response:
    wanted = {"currency": request.args.get("currency"), "against": rate_services.against()}
    return _page(RateForm(data={key: code for key, code in wanted.items() if code in CURRENCIES}))


@office.post("/rates")
def enter_rate() -> Response:
    form = RateForm()
    if not form.validate():
        return _page(form)
    entered = rate_services.enter(actor=actor(), **form.values())
    db.session.commit()
    sentence = _(
        "Entered: 1 %(against)s is %(rate)s %(currency)s.",
        against=entered.against, rate=f"{entered.rate.normalize():f}", currency=entered.currency,
    )  # fmt: skip
    return done(sentence, ".rates")


def _page(form: RateForm) -> Response:
    reporting, raised = rate_services.against(), numbers.raised()
    standing = rate_services.standing(reporting)
    missing = [money.currency for money in raised.sums if money.currency not in {reporting, *standing}]
    rows = sorted(standing.values(), key=lambda rate: rate.currency)
    context = {"section": "rates", "reporting": reporting, "rates": rows, "raised": raised, "missing": missing}
    return form_page("office/rates.html", form, **context)
