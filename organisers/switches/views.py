"""The switches in the office: signing, giving, mail, countries, proof of work, the mail provider's limits, mail domains."""

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import countries
from core.db import db
from core.switches import forget, switches
from organisers.answers import actor, done, form_page
from organisers.blueprint import office
from organisers.switches import services as switch_services
from organisers.switches.forms import CountryForm, DomainForm, SwitchForm
from petitions.states import RuleAction

PAGE = "office/switches.html"


@office.get("/switches")
def switch_page() -> str:
    return render_template(PAGE, form=None, **_context())


@office.post("/switches")
def turn_switches() -> Response:
    form = SwitchForm()
    if not form.validate():
        return _again(switch_form=form)
    turned = switch_services.turn(actor=actor(), was=form.shown(), **form.values())
    sentences = [_("Done. It holds everywhere within a second.") if turned.changed else _("Nothing was changed.")]
    if turned.meanwhile:
        names = ", ".join(str(form[name].label.text) for name in turned.meanwhile)
        sentences.append(_("Meanwhile somebody else has changed: %(names)s. That stands as they set it.", names=names))
    return _saved(" ".join(sentences))


@office.post("/switches/countries")
def country_off() -> Response:
    form = CountryForm()
    if not form.validate():
        return _again(country_form=form)
    switch_services.turn_country(form.country.data, on=False, actor=actor())
    return _saved(_("We take no signatures from %(country)s any more.", country=countries.name_of(form.country.data)))


@office.post("/switches/countries/<country>/on")
def country_on(country: str) -> Response:
    switch_services.turn_country(country, on=True, actor=actor())
    return _saved(_("We take signatures from %(country)s again.", country=countries.name_of(country)))


@office.post("/switches/domains")
def set_domain_rule() -> Response:
    form = DomainForm()
    if not form.validate():
        return _again(domain_form=form)
    action, reason = RuleAction(form.action.data), form.reason.data or ""
    switch_services.set_rule(form.domain.data or "", action=action, reason=reason, actor=actor())
    return _saved(_("The rule holds for whoever signs from now on."))


@office.post("/switches/domains/<domain>/remove")
def remove_domain_rule(domain: str) -> Response:
    switch_services.remove_rule(domain, actor=actor())
    return _saved(_("The rule is gone."))


def _context(**forms: Any) -> dict[str, Any]:
    now = switches()
    empty = {
        "switch_form": SwitchForm.of(now), "country_form": CountryForm(formdata=None), "domain_form": DomainForm(formdata=None),
    }  # fmt: skip
    off = [(code, countries.name_of(code)) for code in now.countries_off]
    return {"section": "switches", "off": off, "rules": switch_services.domain_rules(), **empty, **forms}


def _again(**forms: Any) -> Response:
    """The page with what was typed in the form that did not hold."""
    [form] = forms.values()
    return form_page(PAGE, form, **_context(**forms))


def _saved(sentence: str) -> Response:
    db.session.commit()
    forget()  # whoever asked between the turn and the commit remembers the old state
    return done(sentence, ".switch_page")
