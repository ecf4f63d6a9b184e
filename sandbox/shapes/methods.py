"""Means of payment: as objects of their own, and as a charge tells how it was paid."""

from ..ids import new_id
from ..jsons import Json

CARD = {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2040, "funding": "credit", "last4": "4242"}
NEW_CARD = {**CARD, "brand": "mastercard", "exp_year": 2044, "last4": "4444"}
SEPA = {
    "bank_code": "37040044",
    "branch_code": None,
    "country": "DE",
    "fingerprint": "sandboxdebit0001",
    "last4": "3000",
}
BACS = {"fingerprint": "sandboxdebit0002", "last4": "2345", "sort_code": "108800"}
PAYPAL = {"country": "DE", "payer_email": None, "payer_id": "SANDBOXPAYER1"}
CHECKS = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}


def payment_method(kind: str, *, billing: Json, customer_id: str | None, now: int, card: Json = CARD) -> Json:
    """A means of payment; `billing` are the known fields of its billing details."""
    empty: Json = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    means: Json = {
        "card": _card(card),
        "sepa_debit": {**SEPA, "generated_from": {"charge": None, "setup_attempt": None}},
        "bacs_debit": BACS,
        "paypal": {**PAYPAL, "payer_email": billing.get("email")},
    }
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {**empty, **billing},
        "created": now,
        "customer": customer_id,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
        kind: means[kind],
    }


def _card(card: Json) -> Json:
    return {
        **card,
        "checks": CHECKS,
        "display_brand": card["brand"],
        "fingerprint": f"sandboxcard0{card['last4']}",
        "generated_from": None,
        "networks": {"available": [card["brand"]], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def details(method: Json, mandate_id: str | None) -> Json:
    """A charge's `payment_method_details`."""
    kind = method["type"]
    means = {"card": _charged_card, "sepa_debit": _debited, "bacs_debit": _debited, "paypal": _paypal}
    return {"type": kind, kind: means[kind](method[kind], mandate_id)}


def _charged_card(card: Json, _: str | None) -> Json:
    return {
        **{name: card[name] for name in (*CARD, "checks", "fingerprint")},
        "amount_authorized": None,
        "authorization_code": None,
        "installments": None,
        "mandate": None,
        "network": card["brand"],
        "network_token": None,
        "network_transaction_id": None,
        "three_d_secure": None,
        "wallet": None,
    }


def _debited(account: Json, mandate_id: str | None) -> Json:
    return {name: value for name, value in account.items() if name != "generated_from"} | {"mandate": mandate_id}


def _paypal(account: Json, _: str | None) -> Json:
    protection = {"dispute_categories": ["fraudulent", "product_not_received"], "status": "eligible"}
    return {**account, "payer_name": None, "seller_protection": protection, "transaction_id": new_id("pp", 14)}


def mandate(method: Json, now: int) -> Json:
    """The donor's leave to debit an account again and again."""
    kind = method["type"]
    online = {"ip_address": "127.0.0.1", "user_agent": "sandbox"}
    told: Json = {"reference": new_id("M", 8)[2:].upper(), "url": "https://example.org/mandate"}
    if kind == "bacs_debit":
        told |= {"network_status": "accepted", "revocation_reason": None}
    return {
        "id": new_id("mandate"),
        "object": "mandate",
        "customer_acceptance": {"accepted_at": now, "online": online, "type": "online"},
        "livemode": False,
        "multi_use": {},
        "payment_method": method["id"],
        "payment_method_details": {"type": kind, kind: told},
        "status": "active",
        "type": "multi_use",
    }
