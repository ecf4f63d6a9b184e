"""From what a donor means to give to an open Checkout session; the same form twice leads to the same one."""

import secrets
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from cases.models import Case
from core import clock
from core.db import db, insert
from core.money import Money
from core.vault import SITE, Sealed, vault
from donations.models import Donation, Frequency, SessionState, Tribute
from donations.orders import Order
from donations.stripe_gateway import Session

SEALED_CONTEXT = "undersigned/donation/v1"
SESSION_LIFE = timedelta(hours=1)  # Stripe takes 30 minutes to 24 hours
REPEATABLE = timedelta(minutes=25)  # after that the same order would ask for less than 30 minutes
LAST_MINUTE = timedelta(minutes=1)
INTERVALS = {Frequency.ONCE: None, Frequency.MONTHLY: "month", Frequency.YEARLY: "year"}
WAIT, TRIES = 0.2, 20


def intend(
    case: Case | None,
    *,
    money: Money,
    frequency: Frequency,
    cover_fee: bool,
    name: str,
    email: str,
    message: str,
    show_name: bool,
    language: str,
    cancel_token: str,
    form_key: bytes,
    tribute: Tribute = Tribute.NONE,
    tribute_name: str = "",
    source: str | None = None,
    show_badge: bool = False,
    updates: bool = False,
) -> Donation:
    """The donation of this form: a new one, or that of the same form sent before while its session can still be used.

    The caller has prepared the vault for SITE."""
    _free_form_key(form_key)
    public_id = secrets.token_urlsafe(16)
    fields = {"name": name, "email": email, "message": message, "tribute_name": tribute_name, "updates": updates}
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, fields)
    values = {
        "public_id": public_id, "case_id": case.id if case else None, "amount": money.minor, "currency": money.currency,
        "frequency": frequency, "cover_fee": cover_fee, "show_name": show_name, "language": language,
        "tribute": tribute, "source": source, "show_badge": show_badge,
        "key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob, "form_key": form_key,
        "session_state": SessionState.NEW, "cancel_token": cancel_token, "created_at": clock.now(),
    }  # fmt: skip
    new = insert(Donation).values(values)
    # An update that changes nothing: it locks and returns the row that the same form made before.
    kept = new.on_conflict_do_update(index_elements=["form_key"], set_={"form_key": new.excluded.form_key})
    donation_id = db.session.execute(kept.returning(Donation.id)).scalar_one()
    return db.session.get_one(Donation, donation_id)


def order_for(donation: Donation, *, success_url: str, cancel_url: str) -> Order:
    """What Stripe is asked for; word for word the same each time that it is asked for the same donation."""
    return Order(
        public_id=donation.public_id,
        amount=donation.money.stripe_minor,
        currency=donation.currency,
        interval=INTERVALS[donation.frequency],
        expires_at=donation.created_at + SESSION_LIFE,
        success_url=success_url,
        cancel_url=cancel_url,
    )


def keep_session(public_id: str, session: Session) -> None:
    """Stores the session that Stripe opened for a donation."""
    values = {"session_id": session.id, "session_url": session.url, "session_expires_at": session.expires_at}
    mine = and_(Donation.public_id == public_id, Donation.session_state == SessionState.NEW)
    db.session.execute(update(Donation).where(mine).values(session_state=SessionState.OPEN, **values))


def release(public_id: str) -> None:
    """Lets the form begin anew: Stripe refused this donation's key, and would refuse it again."""
    mine = and_(Donation.public_id == public_id, Donation.session_state == SessionState.NEW)
    db.session.execute(update(Donation).where(mine).values(form_key=None))


def await_session(public_id: str) -> str | None:
    """The address of a session that another request is opening right now; None where it takes too long."""
    query = select(Donation.session_url).where(Donation.public_id == public_id)
    for _try in range(TRIES):
        url = db.session.scalar(query)
        db.session.rollback()  # no connection is held, and no old snapshot seen, while waiting
        if url:
            return url
        time.sleep(WAIT)
    return None


def open_donor(donation: Donation) -> dict[str, Any]:
    """What a donor typed, whether they asked for news, whom the gift is in memory or on behalf of; office and worker only."""
    sealed = Sealed(donation.key_id, donation.data_key_id, donation.blob or b"")
    return vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=donation.public_id)


def stands(form_key: bytes) -> bool:
    """Whether this form was sent before, and what came of it can still be used."""
    mine = select(Donation.id).where(Donation.form_key == form_key, ~_over())
    return db.session.scalar(mine) is not None


def _free_form_key(form_key: bytes) -> None:
    db.session.execute(update(Donation).where(Donation.form_key == form_key, _over()).values(form_key=None))


def _over() -> ColumnElement[bool]:
    """Donations whose session is over, or whose order is too old to be repeated."""
    state, now = Donation.session_state, clock.now()
    return or_(
        state.in_((SessionState.COMPLETE, SessionState.EXPIRED)),
        and_(state == SessionState.OPEN, Donation.session_expires_at < now + LAST_MINUTE),
        and_(state == SessionState.NEW, Donation.created_at < now - REPEATABLE),
    )
