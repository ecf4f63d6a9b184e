"""Checkout Sessions and their line items."""

from ..ids import new_id
from ..jsons import Json
from . import listing

OWN_CONFIGURATION = {"id": "pmc_sandbox", "parent": None}  # the account's settings: dynamic payment methods


def line_item(line: Json, price: Json, description: str) -> Json:
    """One line of a session at its price."""
    amount = price["unit_amount"] * line["quantity"]
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": description,
        "metadata": line.get("metadata", {}),
        "price": price,
        "quantity": line["quantity"],
    }


def line_item_list(session_id: str, items: list[Json]) -> Json:
    """What `expand[]=line_items` shows."""
    return listing(items, f"/v1/checkout/sessions/{session_id}/line_items")


def customer_details(email: str | None, name: str | None = None) -> Json:
    """Who paid, as far as Checkout asked."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def session(params: Json, *, items: list[Json], kinds: list[str], base_url: str, now: int) -> Json:
    """A new, open session from checked parameters, which offers these kinds of payment."""
    session_id = "cs_" + new_id("test", 40)
    total = sum(item["amount_total"] for item in items)
    payment = params["mode"] == "payment"
    email = params.get("customer_email")
    return {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": params.get("adaptive_pricing", {}).get("enabled", False)},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency": items[0]["currency"],
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": params.get("customer"),
        "customer_account": None,
        "customer_creation": params.get("customer_creation", "if_required") if payment else None,
        "customer_details": customer_details(email) if email else None,
        "customer_email": email,
        "discounts": [],
        "expires_at": params["expires_at"],
        "invoice": None,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        }
        if payment
        else None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": params["mode"],
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required" if payment else "always",
        "payment_method_configuration_details": None if params.get("payment_method_types") else OWN_CONFIGURATION,
        "payment_method_options": {},
        "payment_method_types": kinds,
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{base_url}/c/pay/{session_id}",
        "wallet_options": None,
    }
