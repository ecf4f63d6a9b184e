"""Means of payment that Stripe knows by name in test mode, and what each of them does when it is charged."""

from . import methods
from .errors import NoSuchObject
from .jsons import Json
from .shapes import methods as shapes
from .store import Ledger

GOOD, DECLINE, DISPUTE, INQUIRE, SETTLE, BOUNCE = "good", "decline", "dispute", "inquire", "settle", "bounce"

CARDS = {
    "pm_card_visa": GOOD,
    "pm_card_mastercard": GOOD,
    "pm_card_chargeDeclined": DECLINE,
    "pm_card_visa_chargeDeclined": DECLINE,
    "pm_card_chargeCustomerFail": DECLINE,
    "pm_card_createDispute": DISPUTE,
    "pm_card_createDisputeInquiry": INQUIRE,
}
TOKENS = {"tok_visa": GOOD, "tok_mastercard": GOOD, "tok_chargeDeclined": DECLINE, "tok_createDispute": DISPUTE}
IBANS = {  # others wait for the driving page
    "AT611904300234573201": SETTLE,
    "DE89370400440532013000": SETTLE,
    "AT861904300235473202": BOUNCE,
    "DE62370400440532013001": BOUNCE,
    "IT60X0542811101000000123456": BOUNCE,
}


def resolve(ledger: Ledger, name: str, *, customer_id: str | None = None) -> Json:
    """The means of payment with this id, or a new one of the kind that has this name; raises NoSuchObject."""
    if name in CARDS:
        return make(ledger, "card", CARDS[name], billing={}, customer_id=customer_id)
    found = ledger.find(name)
    if found is None or found["object"] != "payment_method":
        raise NoSuchObject("PaymentMethod", name)
    return found


def make(ledger: Ledger, kind: str, behaviour: str, *, billing: Json, customer_id: str | None = None) -> Json:
    """A means of payment that will behave like this."""
    method = shapes.payment_method(kind, billing=billing, customer_id=customer_id, now=ledger.now)
    return methods.keep(ledger, method, behaviour=behaviour)


def behaviour_of(ledger: Ledger, method: Json) -> str:
    """What it does when it is charged."""
    return ledger.hidden(method["id"]).get("behaviour", GOOD)
