"""Which means of payment the account has switched on, for which currencies, and which of them settle later."""

# ruff: noqa: SIM905  (a table of words reads best as words)
from dataclasses import dataclass

from . import events
from .errors import InvalidRequest
from .jsons import Json
from .shapes import methods as shapes
from .store import Ledger


@dataclass(frozen=True)
class Means:
    """One means of payment; without currencies it takes any."""

    label: str
    currencies: frozenset[str] | None = None
    debit: bool = False  # the bank answers days later


MEANS = {
    "card": Means("card"),
    "paypal": Means("PayPal", frozenset("aud cad chf czk dkk eur gbp hkd nok nzd pln sek sgd usd".split())),
    "sepa_debit": Means("SEPA debit", frozenset({"eur"}), debit=True),
    "bacs_debit": Means("Bacs debit", frozenset({"gbp"}), debit=True),
}


def takes(kind: str, currency: str) -> bool:
    """Whether this means of payment can be used for the currency."""
    currencies = MEANS[kind].currencies
    return currencies is None or currency in currencies


def offered(currency: str) -> list[str]:
    """What Checkout offers where the request leaves it to the account: the dynamic payment methods."""
    return [kind for kind in MEANS if takes(kind, currency)]


def debit_of(kinds: list[str]) -> str | None:
    """The bank debit among them."""
    return next((kind for kind in kinds if MEANS[kind].debit), None)


def new_method(ledger: Ledger, kind: str, *, email: str | None, customer_id: str | None) -> Json:
    """A means of payment that was just typed in; a debit comes with its mandate."""
    billing = {"email": email}
    method = shapes.payment_method(kind, billing=billing, customer_id=customer_id, now=ledger.now)
    return keep(ledger, method)


def keep(ledger: Ledger, method: Json, **hidden: object) -> Json:
    """Write a means of payment, and its mandate where it needs one."""
    ledger.save(method)
    mandate = ledger.save(shapes.mandate(method, ledger.now))["id"] if MEANS[method["type"]].debit else None
    ledger.hide(method["id"], mandate=mandate, **hidden)
    return method


def details(ledger: Ledger, method: Json) -> Json:
    """A charge's `payment_method_details`."""
    return shapes.details(method, ledger.hidden(method["id"])["mandate"])


def withdraw_mandate(ledger: Ledger, subscription_id: str) -> None:
    """The donor told her bank not to pay this debit any more."""
    mandate = _mandate_of(ledger, ledger.get("subscription", subscription_id)["default_payment_method"])
    if mandate is None or mandate["status"] != "active":
        raise InvalidRequest("There is no mandate to withdraw.")
    mandate["status"] = "inactive"
    events.record(ledger, "mandate.updated", ledger.save(mandate), {"status": "active"})


def still_allowed(ledger: Ledger, method: Json) -> bool:
    """Whether nobody has withdrawn the mandate behind this means of payment."""
    mandate = _mandate_of(ledger, method["id"])
    return mandate is None or mandate["status"] == "active"


def _mandate_of(ledger: Ledger, method_id: str | None) -> Json | None:
    mandate_id = ledger.hidden(method_id)["mandate"] if method_id else None
    return ledger.get("mandate", mandate_id) if mandate_id else None
