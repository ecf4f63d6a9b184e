"""Gifts in the office: the list, one gift's page, its donor's name, a refund in two steps."""

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from core.db import db
from donations.models import Donation, Payment
from donations.reversals import requests
from donations.reversals.models import RefundRequest, RequestState
from organisers.accounts.presence import cases_of
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.gifts import finding, words
from organisers.gifts import services as gift_services
from organisers.gifts.forms import FindForm, RefundForm, too_much
from organisers.permissions import GIFTS

GIFT = "/gifts/<public_id>"
LONGEST_ID = 2**63


@office.get("/gifts")
def gift_list() -> str:
    mine = cases_of(GIFTS)
    form = FindForm.of_request(mine)
    asked, before = form.asked(), request.args.get("before", type=int)
    found = finding.gifts(**asked, cases=mine, before=before if before and before < LONGEST_ID else None)
    return render_template("office/gifts.html", section="gifts", form=form, asked=asked, found=found, words=words.EVERY)


@office.get(GIFT)
def gift(public_id: str) -> Response:
    return _gift_page(gift_services.get_gift(public_id))


@office.post(f"{GIFT}/donor")
def open_donor(public_id: str) -> Response:
    """Shows the name once, in the answer itself: no address leads to it again."""
    found = gift_services.get_gift(public_id)
    try:
        donor = gift_services.open_name(found, actor=actor())
    except gift_services.DonorErased:
        return _gift_page(found)
    page = _gift_page(found, donor=donor)
    db.session.commit()
    return page


@office.route(f"{GIFT}/payments/<{ID}:payment_id>/refund", methods=["GET", "POST"])
def refund(public_id: str, payment_id: int) -> BaseResponse:
    found = gift_services.get_gift(public_id)
    payment = gift_services.get_payment(found, payment_id)
    form = RefundForm.of(requests.refundable(payment))
    if not form.validate_on_submit():
        return _refund_page(found, payment, form)
    if form.confirmed.data != "yes":
        return _refund_page(found, payment, form, confirm=True)
    try:
        asked = gift_services.ask_refund(
            payment, money=form.money, left=form.shown, reason=form.reason.data or "", actor=actor()
        )
    except requests.NothingToRefund:
        return _refused(public_id, payment_id, form, _("Nothing of this payment can be refunded through Stripe yet."))
    except requests.NotThatMuch as error:
        return _refused(public_id, payment_id, form, too_much(error.left))
    except gift_services.MovedOn:
        return _refused(public_id, payment_id, form, _("Meanwhile something else was refunded. Look at what is left."))
    db.session.commit()
    return _sent(asked, public_id)


def _sent(asked: str, public_id: str) -> BaseResponse:
    sentence = _outcome(gift_services.send_refund(asked))
    db.session.commit()
    return done(sentence, ".gift", public_id=public_id)


def _outcome(request: RefundRequest) -> str:
    if request.state == RequestState.ASKED:
        return _("The refund is asked for. Stripe does not answer just now; it is made as soon as Stripe answers.")
    if request.state == RequestState.REFUSED:
        return _(
            "Stripe refused the refund, so nothing was given back. It says: %(answer)s", answer=request.answer or "–"
        )
    return _("Stripe makes the refund. It reaches the donor within days, in the way that the gift was paid.")


def _refused(public_id: str, payment_id: int, form: RefundForm, sentence: str) -> Response:
    """The first step again, as things stand now."""
    db.session.rollback()
    found = gift_services.get_gift(public_id)
    payment = gift_services.get_payment(found, payment_id)
    form.remainder = requests.refundable(payment)
    form.form_errors.append(sentence)
    return _refund_page(found, payment, form)


def _gift_page(found: Donation, donor: dict[str, str] | None = None) -> Response:
    page = render_template(
        "office/gift.html", section="gifts", gift=found, parts=gift_services.parts_of(found), donor=donor,
        state=finding.state_of(found), subscription=gift_services.subscription_of(found), words=words.EVERY,
    )  # fmt: skip
    return make_response(page)


def _refund_page(found: Donation, payment: Payment, form: RefundForm, *, confirm: bool = False) -> Response:
    part = gift_services.part_of(payment)
    return form_page("office/refund.html", form, section="gifts", gift=found, part=part, confirm=confirm)
