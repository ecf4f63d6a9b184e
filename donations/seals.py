"""Reading many sealed rows, of which one may not open: it is left out and noted, and stops no other."""

import logging
from collections.abc import Callable
from typing import Any

from core.keystore import KeyMissing
from core.vault import VaultError

log = logging.getLogger(__name__)

UNREADABLE = (VaultError, KeyMissing)


def readable(opener: Callable[[Any], dict[str, Any]], row: Any) -> dict[str, Any] | None:
    """What a row holds sealed; None, and a line in the log, where it does not open."""
    try:
        return opener(row)
    except UNREADABLE as error:
        log.error("%s %s does not open and is left out: %s", type(row).__name__, row.public_id, type(error).__name__)
        return None
