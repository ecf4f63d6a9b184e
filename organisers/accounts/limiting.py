"""How often somebody may try to get in: counted for the account, known or not, and for the network, each time."""

from flask import current_app
from flask_babel import gettext as _
from limits import parse
from werkzeug.wrappers import Response

from core.limits import own_bucket_within
from core.tokens import keyed_hash
from organisers import refusals

TRIES = parse("10/15 minutes")
PROOFS = parse("30/15 minutes")  # of one network: colleagues in one room prove themselves many times a day


def may_try(act: str, email: str = "") -> bool:
    """Whether this network, and the account with this address, may try once more; both are counted each time."""
    within = [own_bucket_within(PROOFS if act == "factor" else TRIES, act)]
    if email:
        account = keyed_hash("login", email.strip().lower()).hex()
        within.append(current_app.extensions["limiter"].within(TRIES, f"{act}-account", account))
    return all(within)


def too_many_tries() -> Response:
    sentence = _("Wait a quarter of an hour and try again, or ask for a login link. Nothing is lost.")
    return refusals.answer(429, _("Too many tries"), sentence)
