"""Idempotency keys: the same key with the same parameters gets the first answer again."""

import hashlib
import json

from .errors import IdempotencyMismatch
from .jsons import Json
from .store import Ledger

LIFETIME = 24 * 60 * 60  # seconds, as Stripe promises at least


def fingerprint(method: str, path: str, params: Json) -> str:
    """What must be equal for two requests to be one."""
    told = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def recall(ledger: Ledger, key: str, print_: str) -> tuple[int, str] | None:
    """The kept status and body for this key; raises IdempotencyMismatch where the parameters differ.

    Inside a writing transaction a concurrent twin has either committed its answer or not begun.
    """
    ledger.connection.execute("DELETE FROM idempotency_keys WHERE created < ?", (ledger.now - LIFETIME,))
    row = ledger.connection.execute("SELECT * FROM idempotency_keys WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise IdempotencyMismatch(
            "Keys for idempotent requests can only be used with the same parameters they were first used with."
            f" Try using a key other than '{key}' if you meant to execute a different request."
        )
    return row["status"], row["body"]


def remember(ledger: Ledger, key: str, print_: str, status: int, body: str) -> None:
    """Keep the answer to be given for this key from now on."""
    ledger.connection.execute(
        "INSERT INTO idempotency_keys (key, fingerprint, status, body, created) VALUES (?, ?, ?, ?, ?)",
        (key, print_, status, body, ledger.now),
    )
