"""What is read out of an event's loose fields; nothing in them is trusted to have its type."""

from datetime import UTC, datetime
from typing import Any

from core.money import AmountError, Money, UnknownCurrency, from_stripe
from donations.lookup import Reference
from donations.orders import METADATA_KEY
from donations.services import OtherTerms


def text(value: Any) -> str:
    """A text that any database takes: no NUL, no half of a surrogate pair; empty for what is none."""
    return value.encode(errors="replace").decode().replace("\0", "")[:255] if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, given plainly or as Stripe's list object."""
    found = mapping(value).get("data") if isinstance(value, dict) else value
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def mark(carrier: dict[str, Any]) -> str:
    """Our donation's public id in an object's metadata."""
    return text(mapping(carrier.get("metadata")).get(METADATA_KEY))


def reference(subject: dict[str, Any]) -> Reference:
    """How a session, an invoice or a subscription names its donation; another object names none: empty texts."""
    kind = subject.get("object")
    if kind == "invoice":
        details = mapping(mapping(subject.get("parent")).get("subscription_details"))
        return Reference("subscription_id", text(details.get("subscription")), mark(details))
    if kind == "subscription":
        return Reference("subscription_id", text(subject.get("id")), mark(subject))
    if kind == "checkout.session":
        return Reference(
            "session_id", text(subject.get("id")), text(subject.get("client_reference_id")) or mark(subject)
        )
    return Reference("session_id", "", "")


def money(amount: Any, currency: Any) -> Money:
    """Raises OtherTerms for what no payment of ours can be in."""
    try:
        found = from_stripe(int(amount), text(currency))
    except (TypeError, ValueError, UnknownCurrency, AmountError):
        raise OtherTerms(f"found {amount} {currency}") from None
    if found.minor <= 0:
        raise OtherTerms(f"found {amount} {currency}")
    return found


def moment(seconds: Any) -> datetime | None:
    """A unix time; None for what is none."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def count(value: Any) -> int:
    """A small number that is not negative."""
    return value if isinstance(value, int) and 0 <= value < 10_000 else 0
