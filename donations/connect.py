"""What Stripe is told of this site once: where its events go and in which version, and what its customer portal offers."""

from dataclasses import dataclass
from typing import Any

from donations.handlers import HANDLERS
from donations.stripe_gateway import API_VERSION, ask, each

# Told us for the record and for the books; no handler acts on them.
ALSO = ("charge.refunded", "mandate.updated", "payout.reconciliation_completed", "radar.early_fraud_warning.created")
EVENTS = sorted({*HANDLERS, *ALSO})
MARK = {"undersigned": "donor-page"}
OFF = {"enabled": False}
# Stopping and changing a gift is the donor's own page's: it asks Stripe itself, and knows what was agreed to.
FEATURES: dict[str, Any] = {
    "payment_method_update": {"enabled": True}, "invoice_history": {"enabled": True}, "customer_update": OFF,
    "subscription_cancel": OFF, "subscription_update": OFF,
}  # fmt: skip


@dataclass(frozen=True)
class Connection:
    """How Stripe knows this site. `secret` only where the endpoint was made just now; `wrong` says what is amiss."""

    endpoint: str
    portal: str
    secret: str = ""
    wrong: tuple[str, ...] = ()


def connect(url: str, return_url: str) -> Connection:
    """Makes or mends the webhook endpoint at this address and the portal's configuration. Raises a CheckoutError.

    An endpoint's API version is fixed at Stripe: one of another version is switched off, and a new one made."""
    endpoint, secret = _endpoint(url)
    return Connection(endpoint, _portal(return_url), secret)


def check(url: str) -> Connection:
    """How it stands, changing nothing. Raises a CheckoutError."""
    mine = [one for one in _endpoints(url) if one["status"] == "enabled"]
    portals = _portals()
    wrong = [] if mine else ["no endpoint"]
    for one in mine:
        if one["api_version"] != API_VERSION:
            wrong.append(f"API version {one['api_version']} instead of {API_VERSION}")
        if missing := sorted(set(EVENTS) - set(one["enabled_events"])):
            wrong.append(f"not sent: {', '.join(missing)}")
    if not portals:
        wrong.append("no portal configuration")
    return Connection(mine[0]["id"] if mine else "", portals[0]["id"] if portals else "", wrong=tuple(wrong))


def _endpoint(url: str) -> tuple[str, str]:
    kept = ""
    for one in _endpoints(url):
        if one["api_version"] == API_VERSION and not kept:
            _update_endpoint(one["id"], {"enabled_events": EVENTS, "disabled": False})
            kept = one["id"]
        elif one["status"] == "enabled":
            _update_endpoint(one["id"], {"disabled": True})
    if kept:
        return kept, ""
    wish: Any = {"url": url, "enabled_events": EVENTS, "api_version": API_VERSION, "metadata": MARK}
    made = ask(lambda v1: v1.webhook_endpoints.create(wish), patiently=True)
    return made["id"], made["secret"]


def _update_endpoint(endpoint: str, wish: Any) -> None:
    ask(lambda v1: v1.webhook_endpoints.update(endpoint, wish), patiently=True)


def _endpoints(url: str) -> list[dict[str, Any]]:
    return [one for one in each(lambda v1: v1.webhook_endpoints.list({"limit": 100})) if one["url"] == url]


def _portal(return_url: str) -> str:
    wish: Any = {"features": FEATURES, "default_return_url": return_url, "metadata": MARK}
    if found := _portals():
        portal = found[0]["id"]
        ask(lambda v1: v1.billing_portal.configurations.update(portal, wish), patiently=True)
        return str(portal)
    return str(ask(lambda v1: v1.billing_portal.configurations.create(wish), patiently=True)["id"])


def _portals() -> list[dict[str, Any]]:
    found = each(lambda v1: v1.billing_portal.configurations.list({"active": True, "limit": 100}))
    return [one for one in found if (one.get("metadata") or {}).items() >= MARK.items()]
