"""What the API changes on a running subscription: amount, pause, planned end, card, metadata."""

from collections.abc import Callable

from . import catalogue, subscriptions
from .errors import InvalidRequest
from .jsons import Json
from .rules import with_metadata
from .store import Ledger

AFTER_THE_END = {"metadata", "cancellation_details", "expand"}


def update(ledger: Ledger, subscription_id: str, wishes: Json) -> Json:
    """Apply checked parameters and announce what changed; raises InvalidRequest as Stripe would."""
    subscription, before = ledger.get("subscription", subscription_id), ledger.get("subscription", subscription_id)
    if subscription["status"] == "canceled" and wishes.keys() - AFTER_THE_END:
        raise InvalidRequest("A canceled subscription can only update its cancellation_details and metadata.")
    for name, change in CHANGES.items():
        if name in wishes:
            change(ledger, subscription, wishes)
    return subscriptions.announce(ledger, subscription, before)


def _change_items(ledger: Ledger, subscription: Json, wishes: Json) -> None:
    items = {item["id"]: item for item in subscription["items"]["data"]}
    for number, wish in enumerate(wishes["items"]):
        name = f"items[{number}]"
        if wish.get("id") not in items:
            raise InvalidRequest(f"No such subscription item: '{wish.get('id')}'", param=f"{name}[id]")
        item = items[wish["id"]]
        item["quantity"] = wish.get("quantity", item["quantity"])
        if "price" in wish or "price_data" in wish:
            price = catalogue.priced(ledger, wish, name)
            _check_price(price, item["price"], wishes.get("proration_behavior", "create_prorations"), name)
            item["price"] = price


def _check_price(price: Json, old: Json, proration: str, name: str) -> None:
    if price["currency"] != old["currency"]:
        raise InvalidRequest(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency:"
            f" `{old['currency']}`.",
            param=f"{name}[price]",
        )
    if price["recurring"] != old["recurring"]:
        raise InvalidRequest("The sandbox keeps a subscription's interval.", param=f"{name}[price_data][recurring]")
    if price["unit_amount"] != old["unit_amount"] and proration != "none":
        raise InvalidRequest("The sandbox does no prorations: ask for `none`.", param="proration_behavior")


def _change_pause(_: Ledger, subscription: Json, wishes: Json) -> None:
    pause = wishes["pause_collection"]
    subscription["pause_collection"] = pause and {"behavior": pause["behavior"], "resumes_at": pause.get("resumes_at")}


def _change_end(ledger: Ledger, subscription: Json, wishes: Json) -> None:
    ending = wishes["cancel_at_period_end"]
    ends_at = subscription["items"]["data"][0]["current_period_end"]
    subscription.update(
        cancel_at_period_end=ending,
        cancel_at=ends_at if ending else None,
        canceled_at=ledger.now if ending else None,
    )
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if ending else None


def _change_details(_: Ledger, subscription: Json, wishes: Json) -> None:
    subscription["cancellation_details"].update(wishes["cancellation_details"])


def _change_method(ledger: Ledger, subscription: Json, wishes: Json) -> None:
    method = ledger.get("payment_method", wishes["default_payment_method"])
    if method["customer"] != subscription["customer"]:
        raise InvalidRequest(
            f"The customer does not have a payment method with the ID {method['id']}.", param="default_payment_method"
        )
    subscription["default_payment_method"] = method["id"]


def _change_metadata(_: Ledger, subscription: Json, wishes: Json) -> None:
    subscription["metadata"] = with_metadata(subscription["metadata"], wishes["metadata"])


def _change_description(_: Ledger, subscription: Json, wishes: Json) -> None:
    subscription["description"] = wishes["description"]


CHANGES: dict[str, Callable[[Ledger, Json, Json], None]] = {
    "items": _change_items,
    "pause_collection": _change_pause,
    "cancel_at_period_end": _change_end,
    "cancellation_details": _change_details,
    "default_payment_method": _change_method,
    "metadata": _change_metadata,
    "description": _change_description,
}
