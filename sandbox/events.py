"""Events: what happened, as it looked then, each with one webhook delivery that is due at once."""

from .ids import new_id
from .jsons import Json
from .shapes import API_VERSION
from .store import Ledger


def record(ledger: Ledger, event_type: str, snapshot: Json, previous: Json | None = None) -> Json:
    """Write an event and its delivery in the same transaction as the change; `previous` goes with *.updated."""
    content = {"object": snapshot} if previous is None else {"object": snapshot, "previous_attributes": previous}
    event = ledger.save(
        {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": ledger.now,
            "data": content,
            "livemode": False,
            "pending_webhooks": 1,
            "request": ledger.request,
            "type": event_type,
        }
    )
    ledger.connection.execute(
        "INSERT INTO deliveries (event, seq, next_attempt) SELECT id, seq, ? FROM objects WHERE id = ?",
        (ledger.clock, event["id"]),
    )
    return event
