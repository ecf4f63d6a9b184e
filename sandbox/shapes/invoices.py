"""Invoices, their lines, and the payments made on them."""

from ..ids import new_id
from ..jsons import Json
from . import listing


def invoice(customer: Json, lines: list[Json], *, reason: str, parent: Json | None, base_url: str, now: int) -> Json:
    """An open invoice over some lines; `reason` is `subscription_create`, `subscription_cycle` or `manual`."""
    invoice_id = new_id("in")
    total = sum(line["amount"] for line in lines)
    for line in lines:
        line["invoice"] = invoice_id
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "IE",
        "account_name": "Sandbox",
        "account_tax_ids": None,
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": lines[0]["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": None,
        "customer_email": customer["email"],
        "customer_name": None,
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": now,
        "ending_balance": 0,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": address(base_url, invoice_id),
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listing(lines, f"/v1/invoices/{invoice_id}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": number(invoice_id),
        "on_behalf_of": None,
        "parent": parent,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "open",
        "status_transitions": {
            "finalized_at": now,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": None,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": now,
    }


def address(base_url: str, invoice_id: str) -> str:
    """Its own page."""
    return f"{base_url}/i/{invoice_id}"


def number(invoice_id: str) -> str:
    """What people call it."""
    return invoice_id[-8:].upper() + "-0001"


def parent(subscription: Json) -> Json:
    """Why there is an invoice: a subscription's next period."""
    return {
        "type": "subscription_details",
        "quote_details": None,
        "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
    }


def subscription_line(subscription: Json, item: Json, period: tuple[int, int]) -> Json:
    """One item of a subscription for one period."""
    price = item["price"]
    why = {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": False,
            "proration_details": None,
            "subscription": subscription["id"],
            "subscription_item": item["id"],
        },
    }
    pricing = {
        "type": "price_details",
        "price_details": {"price": price["id"], "product": price["product"]},
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
    amount = price["unit_amount"] * item["quantity"]
    line = _line(amount, price["currency"], description=subscription["description"], parent=why, period=period)
    quantity = {"quantity": item["quantity"], "quantity_decimal": str(item["quantity"])}
    return line | quantity | {"metadata": subscription["metadata"], "pricing": pricing}


def item_line(item: Json) -> Json:
    """An invoice item, now on its invoice."""
    why = {
        "type": "invoice_item_details",
        "subscription_item_details": None,
        "invoice_item_details": {
            "invoice_item": item["id"],
            "proration": False,
            "proration_details": None,
            "subscription": None,
        },
    }
    period = (item["date"], item["date"])
    return _line(item["amount"], item["currency"], description=item["description"], parent=why, period=period)


def _line(amount: int, currency: str, *, description: str | None, parent: Json, period: tuple[int, int]) -> Json:
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"end": period[1], "start": period[0]},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "subtotal": amount,
        "taxes": [],
    }


def invoice_item(customer_id: str, wishes: Json, now: int) -> Json:
    """Something to be put on the customer's next invoice."""
    return {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": wishes["amount"],
        "currency": wishes["currency"],
        "customer": customer_id,
        "customer_account": None,
        "date": now,
        "description": wishes.get("description"),
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": wishes.get("metadata", {}),
        "parent": None,
        "period": {"end": now, "start": now},
        "pricing": None,
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": None,
    }


def invoice_payment(of: Json, intent_id: str, now: int) -> Json:
    """The link between an invoice and the PaymentIntent that is to pay it."""
    return {
        "id": new_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": of["amount_due"],
        "created": now,
        "currency": of["currency"],
        "invoice": of["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": intent_id},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
