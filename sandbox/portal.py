"""The customer portal: what a donor changes there by herself."""

from . import changes, events, methods, subscriptions
from .errors import InvalidRequest
from .jsons import Json
from .shapes import methods as method_shapes
from .shapes import portal as shapes
from .store import Ledger


def configure(ledger: Ledger, wishes: Json) -> Json:
    """A new configuration."""
    made = ledger.save(shapes.configuration(wishes, is_default=False, now=ledger.now))
    events.record(ledger, "billing_portal.configuration.created", made)
    return made


def reconfigure(ledger: Ledger, configuration_id: str, wishes: Json) -> Json:
    """Change a configuration."""
    known = ledger.get("billing_portal.configuration", configuration_id)
    made = ledger.save(shapes.changed(known, wishes, ledger.now))
    before = {name: old for name, old in known.items() if made[name] != old}
    events.record(ledger, "billing_portal.configuration.updated", made, before)
    return made


def enter(ledger: Ledger, wishes: Json) -> Json:
    """A customer's session, by the account's own configuration where none is named."""
    ledger.get("customer", wishes["customer"])
    if "configuration" in wishes:
        chosen = ledger.get("billing_portal.configuration", wishes["configuration"])
    else:
        chosen = _own_configuration(ledger)
    made = ledger.save(shapes.session(wishes, chosen["id"], ledger.base_url, ledger.now))
    events.record(ledger, "billing_portal.session.created", made)
    return made


def _own_configuration(ledger: Ledger) -> Json:
    """As if somebody had saved the portal's settings in the dashboard."""
    default: list[tuple[str, object]] = [("json_extract(body, '$.is_default') = ?", 1)]
    found, _ = ledger.page("billing_portal.configuration", default, limit=1, cursor={})
    features = {"payment_method_update": {"enabled": True}, "subscription_cancel": {"enabled": True}}
    wishes = {"features": features}
    return found[0] if found else ledger.save(shapes.configuration(wishes, is_default=True, now=ledger.now))


def features_of(ledger: Ledger, session: Json) -> Json:
    """What its configuration allows."""
    return ledger.get("billing_portal.configuration", session["configuration"])["features"]


def subscriptions_of(ledger: Ledger, session: Json) -> list[Json]:
    """The customer's subscriptions that have not ended."""
    wanted: list[tuple[str, object]] = [
        ("json_extract(body, '$.customer') = ?", session["customer"]),
        ("json_extract(body, '$.status') <> ?", "canceled"),
    ]
    return ledger.page("subscription", wanted, limit=100, cursor={})[0]


def update_card(ledger: Ledger, session_id: str) -> Json:
    """Another card for all that the customer pays from now on; nothing is charged by this."""
    session = ledger.get("billing_portal.session", session_id)
    _demand(features_of(ledger, session)["payment_method_update"]["enabled"])
    customer, before = ledger.get("customer", session["customer"]), ledger.get("customer", session["customer"])
    billing = {"email": customer["email"]}
    card = method_shapes.payment_method(
        "card", billing=billing, customer_id=customer["id"], now=ledger.now, card=method_shapes.NEW_CARD
    )
    events.record(ledger, "payment_method.attached", methods.keep(ledger, card))
    customer["invoice_settings"]["default_payment_method"] = card["id"]
    old = {"invoice_settings": before["invoice_settings"]}
    events.record(ledger, "customer.updated", ledger.save(customer), old)
    for subscription in subscriptions_of(ledger, session):
        changes.update(ledger, subscription["id"], {"default_payment_method": card["id"]})
    return session


def cancel(ledger: Ledger, session_id: str, subscription_id: str) -> Json:
    """End a subscription, at once or with its period, as the configuration says."""
    session, wanted = _own(ledger, session_id, subscription_id)
    if wanted["mode"] == "immediately":
        subscriptions.cancel(ledger, subscription_id)
    else:
        changes.update(ledger, subscription_id, {"cancel_at_period_end": True})
    return session


def keep(ledger: Ledger, session_id: str, subscription_id: str) -> Json:
    """Think better of it before the period ends."""
    session, _ = _own(ledger, session_id, subscription_id)
    changes.update(ledger, subscription_id, {"cancel_at_period_end": False})
    return session


def _own(ledger: Ledger, session_id: str, subscription_id: str) -> tuple[Json, Json]:
    session = ledger.get("billing_portal.session", session_id)
    cancelling = features_of(ledger, session)["subscription_cancel"]
    subscription = ledger.get("subscription", subscription_id)
    _demand(cancelling["enabled"] and subscription["customer"] == session["customer"])
    return session, cancelling


def _demand(allowed: bool) -> None:
    if not allowed:
        raise InvalidRequest("The portal's configuration does not allow this.")
