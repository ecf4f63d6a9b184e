"""Gifts outside Stripe in the office: the list, a new one, one's page, and taking it back."""

from flask import Response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from core import audit
from core.db import db
from core.vault import SITE, vault
from donations.offline import services as offline
from donations.offline.models import OfflineGift
from organisers.answers import actor, done, form_page
from organisers.blueprint import office
from organisers.gifts.offline_forms import MEANS, OfflineForm, TakeBackForm

PAGE = 50
GIFT = "/offline-gifts/<public_id>"


@office.get("/offline-gifts")
def offline_gifts() -> str:
    before = request.args.get("before", default=0, type=int) % 2**63  # what an id column holds
    found = offline.latest(limit=PAGE + 1, before=before or None)
    following = found[PAGE - 1].id if len(found) > PAGE else None
    return render_template(
        "office/offline_gifts.html", section="gifts", gifts=found[:PAGE], following=following, means=MEANS
    )


@office.route("/offline-gifts/new", methods=["GET", "POST"])
def new_offline_gift() -> BaseResponse:
    form = OfflineForm.fresh()
    if not form.validate_on_submit():
        return form_page("office/offline_form.html", form, section="gifts")
    vault().prepare(SITE)
    try:
        entered = offline.enter(form.cases.get(form.fund.data), actor=actor(), **form.entered())
    except offline.EnteredAlready:
        db.session.rollback()
        form.reference.errors = [_("A gift with this reference was entered before. Look at the list: it counts once.")]
        return form_page("office/offline_form.html", form, section="gifts")
    public_id = entered.public_id
    db.session.commit()
    return done(
        _("The gift is entered. It is counted apart from what came through Stripe."),
        ".offline_gift",
        public_id=public_id,
    )


@office.get(GIFT)
def offline_gift(public_id: str) -> Response:
    return _page(offline.get(public_id), TakeBackForm(formdata=None))


@office.post(f"{GIFT}/donor")
def open_offline_donor(public_id: str) -> Response:
    """Shows name and note once, in the answer itself."""
    gift = offline.get(public_id)
    audit.record("gift.donor_opened", gift.public_id, actor=actor())
    page = _page(gift, TakeBackForm(formdata=None), donor=offline.open_giver(gift))
    db.session.commit()
    return page


@office.post(f"{GIFT}/take-back")
def take_back_offline_gift(public_id: str) -> BaseResponse:
    gift, form = offline.get(public_id), TakeBackForm()
    if not form.validate():
        return _page(gift, form)
    try:
        offline.take_back(gift, reason=form.reason.data or "", actor=actor())
    except offline.TakenBackAlready:
        db.session.rollback()
        return done(_("Somebody has taken this gift back before."), ".offline_gift", public_id=public_id)
    db.session.commit()
    return done(
        _("The gift is taken back. The books keep it together with its reversal."), ".offline_gift", public_id=public_id
    )


def _page(gift: OfflineGift, form: TakeBackForm, donor: dict[str, str] | None = None) -> Response:
    return form_page("office/offline_gift.html", form, section="gifts", gift=gift, donor=donor, means=MEANS)
