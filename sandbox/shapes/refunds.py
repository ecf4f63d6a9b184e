"""Refunds, disputes and early fraud warnings: how paid money goes back."""

from ..ids import new_id
from ..jsons import Json

EVIDENCE = (  # noqa: SIM905
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
    " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
    " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text"
).split()


def refund(charge: Json, amount: int, wishes: Json, *, pending: bool, now: int) -> Json:
    """Money on its way back; `wishes` are the request's `reason` and `metadata`."""
    shown = {
        "id": new_id("re" if charge["id"].startswith("ch_") else "pyr"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "metadata": wishes.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": wishes.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if pending else "succeeded",
        "transfer_reversal": None,
    }
    if pending:
        shown["pending_reason"] = "processing"
    if charge["payment_method_details"]["type"] == "card":
        shown["destination_details"] = {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        }
    return shown


def dispute(charge: Json, *, inquiry: bool, due_by: int, now: int) -> Json:
    """A donor's bank asks (an inquiry) or has already taken the money back."""
    shown = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry and not charge["refunded"],
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    if charge["payment_method_details"]["type"] == "card":
        card = {
            "brand": "visa",
            "case_type": "inquiry" if inquiry else "chargeback",
            "network_reason_code": "10.4",
        }
        shown["payment_method_details"] = {"card": card, "type": "card"}
    return shown


def fraud_warning(charge: Json, now: int) -> Json:
    """A card network thinks that this charge is not the card holder's doing."""
    return {
        "id": new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": not charge["refunded"] and not charge["disputed"],
        "charge": charge["id"],
        "created": now,
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
