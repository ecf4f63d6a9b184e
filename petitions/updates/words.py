"""What an update says by the time each of its mails goes: as it stands now, and with initials while its case is blurred."""

from collections.abc import Mapping
from typing import Any

from cases import veil
from core.db import db
from core.jobs import NotNow
from core.retelling import Teller
from petitions import showing
from petitions.updates.models import Update, UpdateState

TELLER = "petitions.update"


def text_of(found: Update, language: str) -> dict[str, str]:
    """Subject, body, and the petition's title."""
    case, said = found.petition.case, found.text_in(language)
    text = {name: veil.shown(case, said[name]) for name in ("subject", "body")}
    return {**text, "title": showing.title(found.petition)}


def tell(args: Mapping[str, Any]) -> dict[str, str]:
    """text_of an update that is being sent. Raises NotNow while it is paused, or its case frozen."""
    found = db.session.get_one(Update, args["update"])
    if found.state == UpdateState.PAUSED or found.petition.case.frozen_at:
        raise NotNow
    return text_of(found, args["language"])


TELLERS: dict[str, Teller] = {TELLER: tell}
