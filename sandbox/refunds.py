"""Refunds: asked for by the API, arrived or come back by the driving page."""

from . import balance, events, switches
from .errors import InvalidRequest
from .jsons import Json
from .money import shown
from .rules import with_metadata
from .shapes import listing
from .shapes import refunds as shapes
from .store import Ledger

SLOW = ("sepa_debit", "bacs_debit")  # the way back takes days, as the way in did


def create(ledger: Ledger, wishes: Json) -> Json:
    """Send back `amount` of a charge, or all that is left; raises InvalidRequest as Stripe would."""
    charge = _charge_of(ledger, wishes)
    amount = _amount(charge, wishes.get("amount"))
    pending = charge["payment_method_details"]["type"] in SLOW or bool(switches.state(ledger)["pending_refunds"])
    refund = ledger.save(shapes.refund(charge, amount, wishes, pending=pending, now=ledger.now))
    kind = "refund" if balance.by_card(charge) else "payment_refund"
    refund["balance_transaction"] = balance.enter(ledger, refund, kind=kind, category="refund", amount=-amount)["id"]
    ledger.save(refund)
    before = _count(ledger, charge, amount)
    events.record(ledger, "refund.created", refund)
    events.record(ledger, "charge.refunded", charge, before)
    if not pending:  # Stripe tells the card's reference a moment later
        _reference(ledger, refund)
    return refund


def change(ledger: Ledger, refund_id: str, metadata: dict[str, str | None] | None) -> Json:
    """Keep other metadata with a refund."""
    refund = ledger.get("refund", refund_id)
    before = {"metadata": refund["metadata"]}
    refund["metadata"] = with_metadata(refund["metadata"], metadata)
    return _announce(ledger, refund, before)


def settle(ledger: Ledger, refund_id: str) -> Json:
    """The money of a pending refund has arrived."""
    refund = ledger.get("refund", refund_id)
    if refund["status"] != "pending":
        raise InvalidRequest(f"This refund is not pending: it {refund['status']}.")
    refund["status"] = "succeeded"
    del refund["pending_reason"]
    return _announce(ledger, refund, {"status": "pending"})


def fail(ledger: Ledger, refund_id: str) -> Json:
    """The donor's bank sent the money back: it is ours again, and the charge may be refunded anew."""
    refund = ledger.get("refund", refund_id)
    if refund["status"] not in ("pending", "succeeded"):
        raise InvalidRequest("This refund has failed already.")
    before = {"status": refund["status"]}
    refund.update(status="failed", failure_reason="expired_or_canceled_card")
    refund.pop("pending_reason", None)
    entry = balance.enter(ledger, refund, kind="refund_failure", category="refund_failure", amount=refund["amount"])
    refund["failure_balance_transaction"] = entry["id"]
    charge = ledger.get("charge", refund["charge"])
    events.record(ledger, "charge.updated", charge, _count(ledger, charge, -refund["amount"]))
    events.record(ledger, "refund.failed", ledger.save(refund))
    return _announce(ledger, refund, before)


def _charge_of(ledger: Ledger, wishes: Json) -> Json:
    if ("charge" in wishes) == ("payment_intent" in wishes):
        raise InvalidRequest(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    if "charge" in wishes:
        charge = ledger.get("charge", wishes["charge"])
    else:
        intent = ledger.get("payment_intent", wishes["payment_intent"])
        if intent["status"] != "succeeded":
            raise InvalidRequest(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
        charge = ledger.get("charge", intent["latest_charge"])
    if charge["status"] != "succeeded":
        raise InvalidRequest(f"Charge {charge['id']} was not successful, so it cannot be refunded.")
    if charge["refunded"]:
        raise InvalidRequest(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if ledger.hidden(charge["id"]).get("taken_back"):
        raise InvalidRequest(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    return charge


def _amount(charge: Json, wanted: int | None) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if wanted is not None and wanted > left:
        whole = "charge" if left == charge["amount"] else "unrefunded"
        named = "charge amount" if whole == "charge" else "unrefunded amount on charge"
        raise InvalidRequest(
            f"Refund amount ({shown(wanted, charge['currency'])}) is greater than {named}"
            f" ({shown(left, charge['currency'])})",
            param="amount",
        )
    return left if wanted is None else wanted


def _count(ledger: Ledger, charge: Json, amount: int) -> Json:
    """Note on the charge that so much more has gone back; gives what it said before."""
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    ledger.save(charge)
    made, _ = ledger.page("refund", [("json_extract(body, '$.charge') = ?", charge["id"])], limit=100, cursor={})
    ledger.hide(charge["id"], expandable={"refunds": listing(made, f"/v1/charges/{charge['id']}/refunds")})
    return {name: old for name, old in before.items() if charge[name] != old}


def _reference(ledger: Ledger, refund: Json) -> None:
    before = {}
    if "destination_details" in refund:
        before = {"destination_details": refund["destination_details"]}
        card = {**refund["destination_details"]["card"], "reference": "4242424242", "reference_status": "available"}
        refund["destination_details"] = {"card": card, "type": "card"}
    _announce(ledger, refund, before)


def _announce(ledger: Ledger, refund: Json, before: Json) -> Json:
    ledger.save(refund)
    for event_type in ("refund.updated", "charge.refund.updated"):
        events.record(ledger, event_type, refund, before)
    return refund
