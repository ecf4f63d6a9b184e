"""A petition's texts in other languages."""

from flask import abort, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import languages
from core.guards import body_limit
from organisers.answers import actor, previewed, writing_page
from organisers.blueprint import office
from organisers.cases.views import LONG_TEXTS
from organisers.petitions import services as petition_services
from organisers.petitions.outcome_forms import TranslationForm
from organisers.petitions.views import PETITION, saved
from petitions import services
from petitions.models import Petition
from petitions.versions import translations


@office.get(f"{PETITION}/translations")
def translation_list(petition_id: int) -> str:
    petition = services.get(petition_id)
    rows = {one.language: one for one in translations.list_of(petition)}
    stale = {code for code, one in rows.items() if not translations.up_to_date(one, petition)}
    names = {code: languages.name_of(code) for code in (petition.language, *translations.offered(petition))}
    return render_template("office/translations.html", petition=petition, rows=rows, stale=stale, names=names)


@office.route(f"{PETITION}/translations/<language>", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def translate_petition(petition_id: int, language: str) -> Response:
    petition = _translatable(petition_id, language)
    found = translations.find(petition, language)
    form = TranslationForm.of(petition, found)
    if form.validate_on_submit() and not previewed():
        petition_services.translate(petition, language, actor=actor(), **form.values())
        return saved(petition, _("The translation is saved."))
    stale = found is not None and not translations.up_to_date(found, petition)
    context = {"language": language, "name": languages.name_of(language), "translation": found, "stale": stale}
    return writing_page("office/translation_form.html", form, petition=petition, tag=languages.tag(language), **context)


@office.post(f"{PETITION}/translations/<language>/remove")
def remove_translation(petition_id: int, language: str) -> Response:
    petition = _translatable(petition_id, language)
    petition_services.remove_translation(petition, language, actor=actor())
    return saved(petition, _("The translation is removed."))


def _translatable(petition_id: int, language: str) -> Petition:
    petition = services.get(petition_id)
    if language not in translations.offered(petition):
        abort(404)
    return petition
