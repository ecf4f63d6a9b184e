"""Giving: the form, the way to Stripe and back, and the door that Stripe knocks at."""

from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from config import Settings
from core import alarms, proofs
from core.db import db
from core.guards import body_limit, cacheable, form_action, from_anywhere, from_own_page, with_scripts
from core.switches import gifts_taken
from core.tokens import TokenError, open_query, seal_query
from core.vault import SITE, vault
from donations import checkout_services, funds, services, stripe_gateway
from donations.forms import FREQUENCIES, DonateForm, currency_choices, currency_name, prefilled
from donations.guards import admission, attack, attempts
from donations.guards.circuit import stripe_circuit
from donations.models import Donation, Tribute
from donations.orders import STATEMENT_WORD
from donations.wall import patrons
from donations.wall import services as wall_services

donations = Blueprint("donations", __name__)

CANCEL_AGE = timedelta(hours=25)  # an hour more than Stripe's longest session
WALL_SHOWN = 12
WEBHOOK_LIMIT = 512 * 1024


class GivingOff(Exception):
    """This site has no Stripe key, or its organisers have switched giving off."""


@donations.errorhandler(GivingOff)
def giving_off(error: GivingOff) -> tuple[str, int]:
    return render_template("donations/closed.html", case=None), 200 if request.method == "GET" else 409


@donations.errorhandler(funds.ClosedFund)
def fund_closed(error: funds.ClosedFund) -> tuple[str, int]:
    return render_template("donations/closed.html", case=error.case), 200 if request.method == "GET" else 409


@donations.get("/donate")
@donations.get("/donate/<slug>")
@form_action("CHECKOUT_ORIGIN")
def give(slug: str | None = None) -> Response:
    """The form; without a query the same for everybody."""
    fund = _open_fund(slug)
    covered = from_own_page() and request.args.get("cover_fee") == "yes"  # a link ticks nothing that costs
    response = _page(fund, prefilled(fund, {**request.args, "cover_fee": covered}))
    return response if request.args else cacheable(response)


@donations.post("/donate")
@donations.post("/donate/<slug>")
@form_action("CHECKOUT_ORIGIN")
def send(slug: str | None = None) -> ResponseReturnValue:
    """Keeps what the donor means to give and leads to Stripe; the form again where something is wrong or to show the sum."""
    fund = _open_fund(slug)
    form = DonateForm(fund)
    if request.form.get("look"):
        return _page(fund, form, looked=True) if form.validate_sum() else _page(fund, form, status=422)
    try:
        attempts.check_network()
        if not form.validate():
            return _page(fund, form, status=422)
        crowd = attempts.asker() == attempts.Asker.CROWD
        vault().prepare(SITE)
        return redirect(_checkout_address(form, crowd=crowd), 303)
    except attempts.NetworkFull as error:
        return _page(fund, form, status=429, crowded=error, retry_after=error.retry_after)
    except admission.ProofWanted as wanted:
        return _page(fund, form, status=422, proof=True, ticket=wanted.ticket)
    except (stripe_gateway.CheckoutError, attempts.NoRoom) as error:
        return _away(fund, form, error)


@donations.get("/donations/challenge.json")
def challenge() -> Response:
    """A puzzle for the page's script, where proofs are asked for; each is good for one gift."""
    return jsonify(proofs.challenge(admission.SUBJECT))


@donations.get("/donations/cancelled")
@form_action("CHECKOUT_ORIGIN")
def cancelled() -> Response:
    """Back from Stripe without having given: the form, filled in as it was but for the person."""
    try:
        kept = open_query("donation-cancelled", request.args.get("d", ""), age=CANCEL_AGE)
    except TokenError:
        kept = {}
    fund = _open_fund(kept.get("case"))
    return _page(fund, prefilled(fund, kept), cancelled=bool(kept))


@donations.get("/donations/thanks")
def thanks() -> str:
    """Back from Stripe: says what Stripe has told us, to anybody; marks nothing paid, shows nobody's data."""
    session_id = request.args.get("session_id", "")
    return render_template(
        "donations/thanks.html",
        progress=services.progress(session_id),
        session_id=session_id,
        statement_word=STATEMENT_WORD,
    )


@donations.post("/stripe/webhook")
@from_anywhere
@body_limit(WEBHOOK_LIMIT)
def stripe_webhook() -> tuple[str, int, dict[str, str]]:
    """200 means committed; 400 that this body will never do; any failure rolls back and answers 5xx, so that Stripe repeats."""
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    try:
        event = stripe_gateway.read_event(request.get_data(cache=False), request.headers.get("Stripe-Signature"))
    except (stripe_gateway.BadSignature, stripe_gateway.BadEvent) as error:
        return f"{error}\n", 400, plain
    except stripe_gateway.WrongMode as error:
        alarms.sound("stripe-livemode", str(error), event=str(error))
        db.session.commit()
        return "wrong mode\n", 400, plain
    current_app.extensions["webhooks"].add(event)
    return "ok\n", 200, plain


def _settings() -> Settings:
    return current_app.config["UNDERSIGNED"]


def _open_fund(slug: str | None) -> funds.Fund:
    if not gifts_taken():
        raise GivingOff
    return funds.get_fund(slug)


def _page(fund: funds.Fund, form: DonateForm, *, status: int = 200, retry_after: int = 0, **news: Any) -> Response:
    form.currency.data = form.table.code  # an unknown one was told in the errors; the amounts shown are of this one
    proof = news.pop("proof", False) or attack.proof_wanted()
    case_id = fund.case.id if fund.case else None
    page = render_template(
        "donations/give.html",
        fund=fund,
        form=form,
        thermometer=funds.thermometer(fund),
        wall=wall_services.shown(case_id, limit=WALL_SHOWN),
        patrons=patrons.patrons(case_id),
        offers=patrons.offers(form.table.code),
        currencies=currency_choices(),
        currency=currency_name(form.table.code, count=2),
        address=url_for("donations.give", slug=fund.slug),
        section="donate",
        resting=stripe_circuit().open,
        proof=proof,
        **news,
    )
    response = with_scripts(make_response(page, status))
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _away(fund: funds.Fund, form: DonateForm, error: stripe_gateway.CheckoutError | attempts.NoRoom) -> Response:
    """The gift as it was typed, and a button that tries once more."""
    page = render_template(
        "donations/away.html", fund=fund, form=form, away=error, typed=form.typed(), rhythm=FREQUENCIES[form.rhythm],
        address=url_for("donations.give", slug=fund.slug), section="donate",
    )  # fmt: skip
    response = make_response(page, 503)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _checkout_address(form: DonateForm, *, crowd: bool) -> str:
    """Commits the gift as `new`, asks Stripe with no connection held, commits the session; its address."""
    donation = _intend(form, crowd=crowd)
    server = _settings().server_url
    order = checkout_services.order_for(
        donation,
        success_url=f"{server}{url_for('donations.thanks')}?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{server}{url_for('donations.cancelled')}?d={donation.cancel_token}",
    )
    open_url = donation.session_url
    db.session.commit()
    if open_url:
        return open_url
    try:
        session = stripe_gateway.create_session(order)
    except stripe_gateway.SessionBeingMade:
        if url := checkout_services.await_session(order.public_id):
            return url
        raise
    except (stripe_gateway.StripeRefused, stripe_gateway.StripeFailing):
        checkout_services.release(order.public_id)
        db.session.commit()
        raise
    checkout_services.keep_session(order.public_id, session)
    db.session.commit()
    return session.url


def _intend(form: DonateForm, *, crowd: bool) -> Donation:
    fund, language = funds.get_fund(form.designation.data or None), str(get_locale() or "en")
    form_key = form.fingerprint(fund.slug, language)
    admission.admit(form_key, form.email.data or "", crowd=crowd, **form.proof)
    choice = {"case": fund.slug, "amount": form.amount.data or form.preset.data, "cover_fee": form.cover_fee.data}
    choice |= {"currency": form.currency.data, "frequency": form.frequency.data, "source": form.source.data}
    return checkout_services.intend(
        fund.case,
        money=form.gross,
        frequency=form.rhythm,
        cover_fee=form.cover_fee.data,
        name=form.name.data or "",
        email=form.email.data or "",
        message=form.message.data or "",
        show_name=form.show_name.data,
        show_badge=form.wants_badge,
        updates=form.updates.data,
        tribute=Tribute(form.tribute.data),
        tribute_name=form.tribute_name.data or "",
        source=form.source.data,
        language=language,
        cancel_token=seal_query("donation-cancelled", choice),
        form_key=form_key,
    )
