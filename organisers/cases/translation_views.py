"""A case's texts in other languages, and those of its people and events."""

from typing import Any

from flask import abort, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cases.models import Case, Event, Person
from cases.translations import services as translations
from cases.translations.services import Original
from core import languages
from core.db import db
from core.guards import body_limit
from organisers.answers import actor, done, previewed, writing_page
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.cases import translating
from organisers.cases.translation_forms import FORMS
from organisers.cases.views import LONG_TEXTS

TRANSLATIONS = f"/cases/<{ID}:case_id>/translations"
PARTS: dict[str, type[Any]] = {"people": Person, "events": Event}


@office.get(TRANSLATIONS)
def case_translations(case_id: int) -> str:
    case = case_services.get(case_id)
    names = {code: languages.name_of(code) for code in (case.language, *languages.besides(case.language))}
    return render_template("office/case_translations.html", case=case, names=names, states=translations.states(case))


@office.route(f"{TRANSLATIONS}/<language>", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def translate_case(case_id: int, language: str) -> Response:
    case = _translatable(case_id, language)
    return _translate(case, case, language)


@office.post(f"{TRANSLATIONS}/<language>/remove")
def remove_case_translation(case_id: int, language: str) -> Response:
    case = _translatable(case_id, language)
    translating.remove(case, language, actor=actor())
    db.session.commit()
    return done(_("The translation is removed."), ".case_translations", case_id=case.id)


@office.route(f"{TRANSLATIONS}/<language>/<any({', '.join(PARTS)}):parts>/<{ID}:part_id>", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def translate_part(case_id: int, language: str, parts: str, part_id: int) -> Response:
    case = _translatable(case_id, language)
    part = case_services.get_part(PARTS[parts], case, part_id)
    if translations.find(case, language) is None:
        first = _("Begin with the texts of the case itself. The people and events can follow once they are saved.")
        return done(first, ".translate_case", case_id=case.id, language=language)
    return _translate(case, part, language)


def _translate(case: Case, row: Original, language: str) -> Response:
    """The form of a case, a person or an event in a language, beside the original; saved, on to what is left to translate."""
    found = translations.find(row, language)
    form = FORMS[type(row)].of(row, found)
    if form.validate_on_submit() and not previewed():
        translating.write(row, language, actor=actor(), **form.values())
        db.session.commit()
        return done(_("The translation is saved."), ".translate_case", case_id=case.id, language=language)
    stale = found is not None and not translations.up_to_date(row, found)
    states = translations.states(case).get(language, {})
    context: dict[str, Any] = {
        "language": language,
        "name": languages.name_of(language),
        "stale": stale,
        "states": states,
    }
    context["fields"] = [form[text] for text in translations.KINDS[type(row)].texts if text in form]
    return writing_page("office/case_translation_form.html", form, case=case, row=row, translation=found, **context)


def _translatable(case_id: int, language: str) -> Case:
    case = case_services.get(case_id)
    if language not in languages.besides(case.language):
        abort(404)
    return case
