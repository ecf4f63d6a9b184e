"""A petition's older texts, and its page in another language."""

from itertools import pairwise

from flask import Blueprint, Response, make_response, render_template

from core import languages
from core.guards import cacheable
from petitions import services, showing
from petitions.blueprint import petitions
from petitions.forms import SignForm
from petitions.versions import differences, translations
from petitions.versions import services as versions
from petitions.views import page

translated = Blueprint("translated", __name__, url_prefix="/<language>/petitions")


@petitions.get("/<slug>/versions")
def version_list(slug: str) -> Response:
    petition = services.get_public(slug)
    rows = [showing.version(petition, row) for row in versions.list_of(petition)]
    changes = [(row, differences.between(before, row)) for row, before in pairwise(rows)]
    context = {"petition": petition, "changes": changes, "first": rows[-1] if rows else None, "section": "petitions"}
    return cacheable(make_response(render_template("petitions/versions.html", **context)))


@translated.get("/<slug>")
def show(language: str, slug: str) -> Response:
    petition = services.get_public(slug)
    reading = translations.reading(petition, language)
    form = SignForm(petition, formdata=None)
    with languages.site_in(language):
        return cacheable(page(petition, form, reading))
