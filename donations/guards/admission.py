"""Who is led to a payment page: not before a proof of work where one is asked for, nor beyond the limits.

Without JavaScript patience is the proof: the form comes back with a ticket that is good once, from a minute on. So many
tickets a minute are taken of the whole site that whoever collects them gains nothing."""

import secrets
import time
from datetime import timedelta
from typing import Any

from flask import current_app
from limits import parse

from core import clock, proofs
from core.db import db
from core.limits import Limiter
from core.tokens import TokenError, open_query, seal_query
from donations import checkout_services
from donations.guards import attack, attempts

SUBJECT = "donation"
TICKET = "donation-ticket"
RIPE_AFTER = timedelta(minutes=1)
RIPE_UNTIL = timedelta(hours=1)
PATIENT = parse("20/minute")
WAIT, TRIES = 0.1, 10


class ProofWanted(Exception):
    """The form brings no proof of work where one is asked for; `ticket` will do a minute later."""

    def __init__(self, ticket: str) -> None:
        super().__init__(ticket)
        self.ticket = ticket


def admit(form_key: bytes, email: str, *, crowd: bool, proof: str, ticket: str) -> None:
    """Raises ProofWanted or NoRoom; the same form sent again is let through, for it opens no other page.

    `crowd`: the asker comes through a Tor that is full."""
    if checkout_services.stands(form_key):
        return
    if crowd or attack.proof_wanted():
        _demand_proof(form_key, proof, ticket)
    attempts.count_page(email)


def _demand_proof(form_key: bytes, proof: str, ticket: str) -> None:
    waited = _opened(ticket)
    ripe = waited is not None and clock.now().timestamp() >= waited["from"]
    if proofs.accepted(SUBJECT, proof) or (waited and ripe and _taken(waited)):
        return
    if (proof or ripe) and _twin(form_key):
        return
    raise ProofWanted(ticket if waited and not ripe else _new_ticket())


def _twin(form_key: bytes) -> bool:
    """Whether the same form, sent a moment before, has used the proof: a double click."""
    for _try in range(TRIES):
        if checkout_services.stands(form_key):
            return True
        db.session.rollback()  # no connection is held, and no old snapshot seen, while waiting
        time.sleep(WAIT)
    return False


def _new_ticket() -> str:
    mark = secrets.token_urlsafe(16)
    return seal_query(TICKET, {"from": (clock.now() + RIPE_AFTER).timestamp(), "mark": mark})


def _opened(ticket: str) -> dict[str, Any] | None:
    try:
        return open_query(TICKET, ticket, age=RIPE_UNTIL)
    except TokenError:
        return None


def _taken(waited: dict[str, Any]) -> bool:
    """Whether a ripe ticket is used for the first time, and the site takes one more this minute; from now on it was."""
    limiter: Limiter = current_app.extensions["limiter"]
    return limiter.within(PATIENT, "give-patient") and proofs.spend(f"{TICKET} {waited['mark']}")
