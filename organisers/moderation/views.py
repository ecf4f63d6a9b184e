"""Moderation in the office: signals of waves, and the held queue."""

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from core import switches
from core.db import db
from core.guards import with_scripts
from core.vault import SITE, vault
from organisers.accounts.presence import cases_of, may
from organisers.answers import actor, done, form_page, moved_on
from organisers.blueprint import ID, office
from organisers.masking import Mask
from organisers.moderation import held_judging
from organisers.moderation import services as moderation_services
from organisers.moderation.forms import DISCARD, RELEASE, WHY, HeldForm
from organisers.moderation.models import Act
from organisers.permissions import JUDGES
from organisers.petitions.views import PETITION
from petitions import services
from petitions.abuse import held_services, invalidation_services, signals
from petitions.models import Petition
from petitions.signature_services import takes_signatures

SIGNAL = f"/signals/<{ID}:signal_id>"
ACTS = {RELEASE: Act.APPROVE, DISCARD: Act.REJECT}


@office.get("/signals")
def signal_list() -> str:
    mine = cases_of(JUDGES)
    waiting = moderation_services.signal_rows(signals.unsettled(mine))
    settled = moderation_services.signal_rows(signals.settled(mine))
    cards = moderation_services.card_testing() if may("office.settle_declines") else {}
    return render_template(
        "office/signals.html", section="signals", waiting=waiting, settled=settled, card_testing=cards
    )


@office.post(f"{SIGNAL}/settle")
def settle_signal(signal_id: int) -> Response:
    try:
        signals.settle(signals.get(signal_id), actor=actor())
    except signals.SettledAlready:
        return _settled_already()
    db.session.commit()
    return done(_("The signal is settled. What belongs to the wave is held as long as it lasts."), ".signal_list")


@office.post(f"{SIGNAL}/dismiss")
def dismiss_signal(signal_id: int) -> Response:
    try:
        released = moderation_services.dismiss(signals.get(signal_id), actor=actor())
    except signals.SettledAlready:
        return _settled_already()
    db.session.commit()
    sentence = ngettext(
        "No wave, then. %(number)s held signature goes on its way; the same is not told again for a day.",
        "No wave, then. %(number)s held signatures go on their way; the same is not told again for a day.",
        released, number=released,
    )  # fmt: skip
    return done(sentence, ".signal_list")


@office.post(f"{SIGNAL}/invalidate")
def invalidate_signal(signal_id: int) -> Response:
    signal = signals.get(signal_id)
    vault().prepare(SITE)
    petition = services.get(signal.petition_id)
    made = invalidation_services.prepare(petition, {"cluster": signal.cluster_id}, actor=actor())
    db.session.commit()
    sentence = _("Nothing is taken out yet. Look at what was found, write the reason, then start.")
    return done(sentence, ".invalidation", petition_id=petition.id, invalidation_id=made.id)


@office.post("/mail/again")
def mail_again() -> Response:
    try:
        number = moderation_services.mail_again(actor=actor())
    except moderation_services.MailingGoesOn:
        return done(_("Mailing goes on already: somebody else has switched it on meanwhile."), ".dashboard")
    db.session.commit()
    switches.forget()  # whoever asked between the turn and the commit remembers the old state
    sentence = ngettext(
        "Mailing is on again, and %(number)s signatory who was refused is written to once more.",
        "Mailing is on again, and %(number)s signatories who were refused are written to once more.",
        number, number=number,
    )  # fmt: skip
    return done(sentence, ".dashboard")


@office.get(f"{PETITION}/held")
def held(petition_id: int) -> Response:
    return _held_page(services.get(petition_id), HeldForm(formdata=None))


@office.post(f"{PETITION}/held")
def judge_held(petition_id: int) -> Response:
    petition, form = services.get(petition_id), HeldForm()
    if not form.validate():
        return _held_page(petition, form)
    act = form.act.data or ""
    try:
        number = held_judging.judge(petition, ACTS[act], form.chosen(), actor=actor(), **form.judgement())
    except held_services.TakesNone:
        form.form_errors.append(_("The petition takes no signatures any more: what is held can only be discarded."))
        return _held_page(petition, form)
    db.session.commit()
    return done(_said(act, number), ".held", petition_id=petition.id)


@office.post(f"{PETITION}/held/<{ID}:judgement>/undo")
def undo_held(petition_id: int, judgement: int) -> Response:
    petition = services.get(petition_id)
    try:
        number = held_judging.undo(petition, judgement, actor=actor())
    except held_judging.NothingToUndo:
        return moved_on(".held", petition_id=petition_id)
    db.session.commit()
    return done(_held_again(number), ".held", petition_id=petition_id)


def _held_page(petition: Petition, form: HeldForm) -> Response:
    wanted = {name: request.args.get(name, "") for name in ("reason", "cluster")}
    context: dict[str, Any] = {
        "groups": held_services.groups(petition), "sample": held_services.sample(petition, **wanted),
        "waves": dict(moderation_services.waves_of(petition)), "reason_of": moderation_services.reason_of,
        "takes": takes_signatures(petition), "wanted": wanted, "mask": Mask(petition, "held"),
        "history": held_judging.history(petition), "whys": dict(WHY),
    }  # fmt: skip
    return with_scripts(form_page("office/held.html", form, petition=petition, **context))


def _said(act: str, number: int) -> str:
    if act == RELEASE:
        one, many = "%(number)s signature goes on its way.", "%(number)s signatures go on their way."
        return ngettext(one, many, number, number=number)
    return ngettext("%(number)s signature is discarded.", "%(number)s signatures are discarded.", number, number=number)


def _held_again(number: int) -> str:
    if not number:
        return _("Nothing was left to hold again: they have confirmed meanwhile, or their data is gone.")
    one, many = "%(number)s signature is held again.", "%(number)s signatures are held again."
    return ngettext(one, many, number, number=number)


def _settled_already() -> Response:
    db.session.rollback()
    return done(_("Somebody else has settled this signal meanwhile."), ".signal_list")
