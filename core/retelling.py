"""What a mail says of a case is read when it goes, not when it was promised: since then it may be frozen, or names hidden."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app

Teller = Callable[[Mapping[str, Any]], Mapping[str, Any]]  # what the promise named → what stands in the mail now


def anew(sealed: Mapping[str, Any]) -> dict[str, Any]:
    """A promised mail's context, with what its teller says now. Raises NotNow where the mail must wait."""
    context = dict(sealed["context"])
    if "teller" in sealed:
        name, args = sealed["teller"]
        tellers: Mapping[str, Teller] = current_app.extensions["mail_tellers"]
        context |= tellers[name](args)
    return context
