"""Disputes and early fraud warnings: all of them happen to us, so the driving page starts them."""

from . import balance, events
from .errors import InvalidRequest
from .jsons import Json
from .shapes import refunds as shapes
from .store import Ledger

DAYS_TO_ANSWER = 14
FEE_NAME = "Dispute fee"


def inquire(ledger: Ledger, charge_id: str) -> Json:
    """A bank asks about a charge; no money moves yet."""
    return _open(ledger, charge_id, inquiry=True)


def open_(ledger: Ledger, charge_id: str) -> Json:
    """A donor's bank takes the money of a charge back, and Stripe its fee."""
    dispute = _open(ledger, charge_id, inquiry=False)
    return _withdraw(ledger, dispute)


def escalate(ledger: Ledger, dispute_id: str) -> Json:
    """The inquiry was not enough: now the bank takes the money."""
    dispute = _of_status(ledger, dispute_id, "warning_needs_response")
    dispute.update(status="needs_response", is_charge_refundable=False)
    if "payment_method_details" in dispute:
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    events.record(ledger, "charge.dispute.updated", ledger.save(dispute), {"status": "warning_needs_response"})
    return _withdraw(ledger, dispute)


def win(ledger: Ledger, dispute_id: str) -> Json:
    """The bank found for us: the money and the fee come back."""
    dispute = _of_status(ledger, dispute_id, "needs_response", "under_review")
    entry = balance.enter(
        ledger, dispute, kind="adjustment", category="dispute_reversal", amount=dispute["amount"],
        fee=-balance.DISPUTE_FEE, fee_name=FEE_NAME,
    )  # fmt: skip
    dispute["balance_transactions"].append(entry)
    dispute["status"] = "won"
    ledger.hide(dispute["charge"], taken_back=False)
    events.record(ledger, "charge.dispute.funds_reinstated", ledger.save(dispute))
    return _close(ledger, dispute)


def lose(ledger: Ledger, dispute_id: str) -> Json:
    """The bank found for the donor, or nobody answered: the money stays away. An inquiry is closed without loss."""
    dispute = _of_status(ledger, dispute_id, "needs_response", "under_review", "warning_needs_response")
    dispute["status"] = "warning_closed" if dispute["status"].startswith("warning") else "lost"
    return _close(ledger, dispute)


def warn(ledger: Ledger, charge_id: str) -> Json:
    """The card network warns of fraud before any dispute."""
    charge = _paid(ledger, charge_id)
    if not balance.by_card(charge):
        raise InvalidRequest("Only a card's network warns early of fraud.")
    warning = ledger.save(shapes.fraud_warning(charge, ledger.now))
    events.record(ledger, "radar.early_fraud_warning.created", warning)
    return warning


def _open(ledger: Ledger, charge_id: str, *, inquiry: bool) -> Json:
    charge = _paid(ledger, charge_id)
    if charge["disputed"]:
        raise InvalidRequest("This charge has been disputed already.")
    due_by = ledger.now + DAYS_TO_ANSWER * 24 * 60 * 60
    dispute = ledger.save(shapes.dispute(charge, inquiry=inquiry, due_by=due_by, now=ledger.now))
    charge["disputed"] = True
    ledger.save(charge)
    events.record(ledger, "charge.dispute.created", dispute)
    return dispute


def _withdraw(ledger: Ledger, dispute: Json) -> Json:
    entry = balance.enter(
        ledger, dispute, kind="adjustment", category="dispute", amount=-dispute["amount"],
        fee=balance.DISPUTE_FEE, fee_name=FEE_NAME,
    )  # fmt: skip
    dispute["balance_transactions"].append(entry)
    ledger.hide(dispute["charge"], taken_back=True)
    events.record(ledger, "charge.dispute.funds_withdrawn", ledger.save(dispute))
    return dispute


def _close(ledger: Ledger, dispute: Json) -> Json:
    events.record(ledger, "charge.dispute.closed", ledger.save(dispute))
    return dispute


def _paid(ledger: Ledger, charge_id: str) -> Json:
    charge = ledger.get("charge", charge_id)
    if charge["status"] != "succeeded":
        raise InvalidRequest("Nobody disputes a charge that was not paid.")
    return charge


def _of_status(ledger: Ledger, dispute_id: str, *allowed: str) -> Json:
    dispute = ledger.get("dispute", dispute_id)
    if dispute["status"] not in allowed:
        raise InvalidRequest(f"This dispute is {dispute['status']}: that cannot happen to it any more.")
    return dispute
