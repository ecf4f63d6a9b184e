"""/v1/webhook_endpoints: kept and shown. Events go to the address that the sandbox was started with, and nowhere else."""

from flask import Blueprint

from ..ids import new_id
from ..jsons import Json
from ..rules import EXPAND, Fields, Items, Rule, flag, metadata, or_empty, text, url
from ..store import Ledger
from .door import reads, writes
from .listings import lister
from .reading import shower

KIND = "webhook_endpoint"
CHANGEABLE: dict[str, Rule] = {
    "description": or_empty(text()),
    "enabled_events": Items(text(100), most=500),
    "metadata": metadata,
    "url": url,
    "expand": EXPAND,
}
NEW = Fields({**CHANGEABLE, "api_version": text(100), "connect": flag}, required=("enabled_events", "url"))
CHANGED = Fields({**CHANGEABLE, "disabled": flag})
ONLY_EXPAND = Fields({"expand": EXPAND})


def create(ledger: Ledger, params: Json) -> Json:
    """A new endpoint; its secret is shown this once."""
    wishes = NEW("", params)
    endpoint = ledger.save(
        {
            "id": new_id("we"),
            "object": KIND,
            "api_version": wishes.get("api_version"),
            "application": None,
            "created": ledger.now,
            "description": wishes.get("description"),
            "enabled_events": wishes["enabled_events"],
            "livemode": False,
            "metadata": wishes.get("metadata", {}),
            "status": "enabled",
            "url": wishes["url"],
        }
    )
    return {**endpoint, "secret": new_id("whsec", 32)}


def change(ledger: Ledger, params: Json, endpoint: str) -> Json:
    """Other events, another address; or off."""
    wishes = CHANGED("", params)
    known = ledger.get(KIND, endpoint)
    known.update({name: wishes[name] for name in CHANGEABLE if name in wishes and name != "expand"})
    if "disabled" in wishes:
        known["status"] = "disabled" if wishes["disabled"] else "enabled"
    return ledger.save(known)


def delete(ledger: Ledger, params: Json, endpoint: str) -> Json:
    """Away with it."""
    ONLY_EXPAND("", params)
    ledger.delete(ledger.get(KIND, endpoint)["id"])
    return {"id": endpoint, "object": KIND, "deleted": True}


def register(api: Blueprint) -> None:
    """Hang the routes into the API."""
    base = "/webhook_endpoints"
    api.post(base, endpoint="create_endpoint")(writes(create))
    api.get(base, endpoint="list_endpoints")(reads(lister(KIND, f"/v1{base}", {})))
    api.get(f"{base}/<object_id>", endpoint="show_endpoint")(reads(shower(KIND)))
    api.post(f"{base}/<endpoint>", endpoint="change_endpoint")(writes(change))
    api.delete(f"{base}/<endpoint>", endpoint="delete_endpoint")(writes(delete))
