"""Stripe's own page for the cards and accounts that a regular gift is paid with."""

from typing import Any

from core.switches import switches
from donations import stripe_gateway
from donations.subscriptions.models import Subscription


def enter(subscription: Subscription, return_url: str) -> str:
    """The address of the donor's session there; `return_url` is seen by Stripe. Raises a CheckoutError."""
    wish: Any = {"customer": subscription.customer_id, "return_url": return_url}
    if switches().portal:
        wish["configuration"] = switches().portal
    return str(stripe_gateway.ask(lambda v1: v1.billing_portal.sessions.create(wish))["url"])
