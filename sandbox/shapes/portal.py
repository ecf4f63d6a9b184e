"""The customer portal: its configurations and its sessions."""

from ..ids import new_id
from ..jsons import Json

NO_UPDATE: Json = {
    "billing_cycle_anchor": None,
    "default_allowed_updates": [],
    "enabled": False,
    "products": None,
    "proration_behavior": "none",
    "schedule_at_period_end": {"conditions": []},
    "trial_update_behavior": "end_trial",
}
NO_REASON: Json = {"enabled": False, "options": []}
USUAL: Json = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": NO_REASON,
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_update": NO_UPDATE,
}


def configuration(wishes: Json, *, is_default: bool, now: int) -> Json:
    """What a customer may do in the portal, from checked parameters."""
    shown = {
        "id": new_id("bpc"),
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        "created": now,
        "default_return_url": None,
        "features": USUAL,
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": now,
    }
    return changed(shown, wishes, now)


def changed(shown: Json, wishes: Json, now: int) -> Json:
    """The configuration with the parameters laid over it."""
    features = {
        name: {**usual, **wishes.get("features", {}).get(name, {})} for name, usual in shown["features"].items()
    }
    plain: Json = {
        name: wishes[name] for name in ("active", "default_return_url", "metadata", "name") if name in wishes
    }
    profile = {**shown["business_profile"], **wishes.get("business_profile", {})}
    return {**shown, **plain, "features": features, "business_profile": profile, "updated": now}


def session(wishes: Json, configuration_id: str, base_url: str, now: int) -> Json:
    """A customer's way into the portal."""
    session_id = new_id("bps")
    flow = wishes.get("flow_data")
    return {
        "id": session_id,
        "object": "billing_portal.session",
        "configuration": configuration_id,
        "created": now,
        "customer": wishes["customer"],
        "customer_account": None,
        "flow": flow and _flow(flow),
        "livemode": False,
        "locale": wishes.get("locale"),
        "on_behalf_of": None,
        "return_url": wishes.get("return_url"),
        "url": f"{base_url}/p/session/{session_id}",
    }


def _flow(wishes: Json) -> Json:
    after = wishes.get("after_completion", {"type": "portal_homepage"})
    confirmation = after.get("hosted_confirmation")
    return {
        "after_completion": {
            "hosted_confirmation": confirmation and {"custom_message": confirmation.get("custom_message")},
            "redirect": after.get("redirect"),
            "type": after["type"],
        },
        "subscription_cancel": _cancel(wishes.get("subscription_cancel")),
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": wishes["type"],
    }


def _cancel(wishes: Json | None) -> Json | None:
    return wishes and {"retention": None, "subscription": wishes["subscription"]}
