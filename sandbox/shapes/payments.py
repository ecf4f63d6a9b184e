"""PaymentIntents, charges and customers."""

from ..ids import new_id
from ..jsons import Json


def customer(email: str | None, now: int) -> Json:
    """Somebody who pays; `email` may be unknown."""
    return {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": new_id("X", 7).replace("_", "").upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def intent(amount: int, currency: str, *, customer_id: str | None, wishes: Json, now: int) -> Json:
    """A PaymentIntent that waits for a means of payment; `wishes` are `payment_intent_data`'s fields."""
    intent_id = new_id("pi")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": wishes.get("capture_method", "automatic_async"),
        "client_secret": f"{intent_id}_{new_id('secret')}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": customer_id,
        "customer_account": None,
        "description": wishes.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": wishes.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": wishes.get("payment_method_types", ["card"]),
        "processing": None,
        "receipt_email": wishes.get("receipt_email"),
        "review": None,
        "setup_future_usage": wishes.get("setup_future_usage"),
        "shipping": shipping(wishes["shipping"]) if "shipping" in wishes else None,
        "statement_descriptor": wishes.get("statement_descriptor"),
        "statement_descriptor_suffix": wishes.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def address(wishes: Json) -> Json:
    """An address with all its fields."""
    return {name: wishes.get(name) for name in ("city", "country", "line1", "line2", "postal_code", "state")}


def shipping(wishes: Json) -> Json:
    """Where things are sent."""
    nothing = {"carrier": None, "tracking_number": None}
    return {**wishes, **nothing, "address": address(wishes["address"]), "phone": wishes.get("phone")}


def charge(of: Json, *, method: Json, details: Json, now: int) -> Json:
    """A pending charge for a PaymentIntent by a means of payment; `details` tell how it was paid."""
    return {
        "id": new_id("ch" if method["type"] == "card" else "py"),
        "object": "charge",
        "amount": of["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "created": now,
        "currency": of["currency"],
        "customer": of["customer"],
        "description": of["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": of["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": of["id"],
        "payment_method": method["id"],
        "payment_method_details": details,
        "radar_options": {},
        "receipt_email": of["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": of["statement_descriptor"],
        "statement_descriptor_suffix": of["statement_descriptor_suffix"],
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }


def outcome(kind: str, network_status: str, message: str, reason: str | None = None) -> Json:
    """How the bank answered: `authorized` or `issuer_declined`."""
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": reason,
        "risk_level": "normal",
        "seller_message": message,
        "type": kind,
    }
