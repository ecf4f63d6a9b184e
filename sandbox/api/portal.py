"""/v1/billing_portal: configurations and sessions."""

from flask import Blueprint

from .. import portal
from ..jsons import Json
from ..rules import EXPAND, Fields, Items, Rule, choice, flag, metadata, or_empty, text, url
from ..session_fields import LOCALES
from ..store import Ledger
from .door import reads, writes
from .listings import ALWAYS, show
from .reading import shower
from .subscriptions import FEEDBACK

KIND, CONFIGURATIONS = "billing_portal.configuration", "/billing_portal/configurations"
LIST = Fields({**ALWAYS, "active": flag, "is_default": flag})
ALLOWED_UPDATES = ("address", "email", "name", "phone", "shipping", "tax_id")
SWITCH = Fields({"enabled": flag}, required=("enabled",))
REASON = Fields({"enabled": flag, "options": or_empty(Items(choice(*FEEDBACK)))}, required=("enabled", "options"))
FEATURES = Fields(
    {
        "customer_update": Fields(
            {"enabled": flag, "allowed_updates": or_empty(Items(choice(*ALLOWED_UPDATES)))}, required=("enabled",)
        ),
        "invoice_history": SWITCH,
        "payment_method_update": SWITCH,
        "subscription_cancel": Fields(
            {
                "enabled": flag,
                "mode": choice("at_period_end", "immediately"),
                "proration_behavior": choice("none"),
                "cancellation_reason": REASON,
            },
            required=("enabled",),
        ),
        "subscription_update": Fields(
            {"enabled": flag, "proration_behavior": choice("none"), "default_allowed_updates": or_empty(Items(text()))},
            required=("enabled",),
        ),
    }
)
PROFILE = Fields({"headline": or_empty(text(60)), "privacy_policy_url": url, "terms_of_service_url": url})
CONFIGURATION: dict[str, Rule] = {
    "business_profile": PROFILE,
    "default_return_url": or_empty(url),
    "features": FEATURES,
    "metadata": metadata,
    "name": or_empty(text()),
    "expand": EXPAND,
}
NEW_CONFIGURATION = Fields(CONFIGURATION, required=("features",))
CHANGED_CONFIGURATION = Fields({**CONFIGURATION, "active": flag})
AFTER = Fields(
    {
        "type": choice("hosted_confirmation", "portal_homepage", "redirect"),
        "hosted_confirmation": Fields({"custom_message": text(500)}),
        "redirect": Fields({"return_url": url}, required=("return_url",)),
    },
    required=("type",),
)
FLOW = Fields(
    {
        "type": choice("payment_method_update", "subscription_cancel"),
        "after_completion": AFTER,
        "subscription_cancel": Fields({"subscription": text()}, required=("subscription",)),
    },
    required=("type",),
)
SESSION = Fields(
    {
        "customer": text(),
        "configuration": text(),
        "return_url": url,
        "flow_data": FLOW,
        "locale": choice(*LOCALES),
        "expand": EXPAND,
    },
    required=("customer",),
)


def configure(ledger: Ledger, params: Json) -> Json:
    """A new configuration."""
    return portal.configure(ledger, NEW_CONFIGURATION("", params))


def reconfigure(ledger: Ledger, params: Json, configuration: str) -> Json:
    """Another content for a configuration."""
    return portal.reconfigure(ledger, configuration, CHANGED_CONFIGURATION("", params))


def list_configurations(ledger: Ledger, params: Json) -> Json:
    """All, or those that are switched on, or the account's own."""
    checked = LIST("", params)
    conditions: list[tuple[str, object]] = [
        (f"json_extract(body, '$.{name}') = ?", int(checked[name]))
        for name in ("active", "is_default")
        if name in checked
    ]
    return show(ledger, KIND, f"/v1{CONFIGURATIONS}", checked, conditions)


def enter(ledger: Ledger, params: Json) -> Json:
    """A new session."""
    return portal.enter(ledger, SESSION("", params))


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    api.post("/billing_portal/sessions", endpoint="enter_portal")(writes(enter))
    api.post(CONFIGURATIONS, endpoint="configure_portal")(writes(configure))
    api.get(CONFIGURATIONS, endpoint="list_portal_configurations")(reads(list_configurations))
    api.get(f"{CONFIGURATIONS}/<object_id>", endpoint="show_portal_configuration")(reads(shower(KIND)))
    api.post(f"{CONFIGURATIONS}/<configuration>", endpoint="reconfigure_portal")(writes(reconfigure))
