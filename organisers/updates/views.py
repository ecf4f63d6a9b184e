"""Updates in the office: written, translated, seen as their readers will, tried, approved, sent, watched."""

from flask import abort, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from core.guards import body_limit
from core.vault import SITE, vault
from organisers.answers import actor, done, form_page, moved_on
from organisers.blueprint import ID, office
from organisers.cases.views import LONG_TEXTS
from organisers.petitions.views import PETITION
from organisers.updates import services as update_services
from organisers.updates import words
from organisers.updates.forms import SendForm, TextForm, UpdateForm, language_name
from petitions import services as petition_services
from petitions.updates import counting, services
from petitions.updates.models import Update, UpdateState

UPDATE = f"{PETITION}/updates/<{ID}:update_id>"
TEXT = f"{UPDATE}/texts/<language>"


@office.get(f"{PETITION}/updates")
def update_list(petition_id: int) -> str:
    petition = petition_services.get(petition_id)
    rows = [(found, counting.progress(found)) for found in services.list_of(petition)]
    return render_template("office/updates.html", petition=petition, updates=rows, words=words)


@office.route(f"{PETITION}/updates/new", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def new_update(petition_id: int) -> Response:
    petition, form = petition_services.get(petition_id), UpdateForm.fresh()
    if form.validate_on_submit():
        made = services.create(petition, actor=actor(), **form.values())
        return _saved(made, _("Saved. Nothing is sent yet: look at it, try it out on yourself, then send it."))
    return form_page("office/update_form.html", form, petition=petition, update=None)


@office.get(UPDATE)
def update(petition_id: int, update_id: int) -> Response:
    return _page(_get(petition_id, update_id), SendForm(formdata=None))


@office.route(f"{UPDATE}/edit", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def edit_update(petition_id: int, update_id: int) -> Response:
    found = _get(petition_id, update_id)
    form = UpdateForm.of(found)
    if form.validate_on_submit():
        try:
            services.write(found, found.language, actor=actor(), **form.values())
        except services.MovedOn:
            return moved_on(".update", petition_id=petition_id, update_id=update_id)
        return _saved(found, _("Saved."))
    return form_page("office/update_form.html", form, petition=found.petition, update=found)


@office.route(TEXT, methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def translate_update(petition_id: int, update_id: int, language: str) -> Response:
    found = _get(petition_id, update_id)
    if language not in update_services.languages(found)[1:]:
        abort(404)
    form = TextForm(data=found.texts.get(language))
    if form.validate_on_submit():
        try:
            services.write(found, language, actor=actor(), **form.values())
        except services.MovedOn:
            return moved_on(".update", petition_id=petition_id, update_id=update_id)
        return _saved(found, _("Saved."))
    name = language_name(language)
    return form_page("office/update_text.html", form, petition=found.petition, update=found, language=name)


@office.post(f"{TEXT}/test")
def test_update(petition_id: int, update_id: int, language: str) -> Response:
    vault().prepare(SITE)
    found = _get(petition_id, update_id)
    if language not in found.texts:
        abort(404)
    if found.petition.case.frozen_at:
        return _frozen(found)
    update_services.promise_test(found, language, to=actor())
    return _saved(found, _("It is on its way to %(email)s.", email=actor()))


@office.post(f"{UPDATE}/send")
def send_update(petition_id: int, update_id: int) -> Response:
    found = _get(petition_id, update_id)
    form = SendForm.of(found.petition)
    if not form.validate():
        return _page(found, form)
    try:
        services.schedule(found, actor=actor(), starts_at=form.moment())
    except services.MovedOn:
        return moved_on(".update", petition_id=petition_id, update_id=update_id)
    except services.NeedsApproval:
        db.session.rollback()
        form.form_errors.append(words.needs_approval())
        return _page(_get(petition_id, update_id), form)
    return _saved(found, _("It is on its way. This page shows how far it is; it can be paused and cancelled."))


@office.post(f"{UPDATE}/<any(approve, {', '.join(services.ACTS)}):act_name>")
def act_on_update(petition_id: int, update_id: int, act_name: str) -> Response:
    found = _get(petition_id, update_id)
    try:
        if act_name == "approve":
            services.approve(found, actor=actor())
        else:
            services.act(found, act_name, actor=actor())
    except services.Frozen:
        return _frozen(found)
    except services.MovedOn:
        return moved_on(".update", petition_id=petition_id, update_id=update_id)
    except services.OwnApproval:
        db.session.rollback()
        form = SendForm(formdata=None)
        form.form_errors = [words.own_approval()]
        return _page(_get(petition_id, update_id), form)
    return _saved(found, words.SAID[act_name]())


def _get(petition_id: int, update_id: int) -> Update:
    return services.get(petition_services.get(petition_id), update_id)


def _page(found: Update, form: SendForm) -> Response:
    draft = found.state == UpdateState.DRAFT
    return form_page(
        "office/update.html", form, update=found, petition=found.petition, words=words, progress=counting.progress(found),
        about=update_services.about(found) if draft else 0, near=services.too_soon(found) if draft else [],
        acts=services.offered(found), mine=actor() in (found.created_by, found.written_by),
        languages=[(code, language_name(code)) for code in update_services.languages(found)],
        given_away={code: update_services.given_away(found, text["subject"]) for code, text in found.texts.items()},
    )  # fmt: skip


def _frozen(found: Update) -> Response:
    db.session.rollback()
    return _saved(found, words.frozen())


def _saved(found: Update, sentence: str) -> Response:
    petition_id, update_id = found.petition_id, found.id
    db.session.commit()
    return done(sentence, ".update", petition_id=petition_id, update_id=update_id)
