"""Names and addresses are masked in the office until somebody asks for them; the audit chain notes that they did, and where."""

from collections.abc import Callable
from datetime import timedelta

from flask import request, session
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import audit, clock
from core.db import db
from core.masks import masked_address, masked_name
from organisers.answers import actor, done_at, safe_next
from organisers.blueprint import ID, office
from petitions import services
from petitions.models import Petition

SHOWN_FOR = timedelta(minutes=10)
ROOMS = ("deliveries", "held", "invalidations", "invitations", "paper")


class Mask:
    """How a room of a petition shows people in this browser now: `lifted`, or by first letters."""

    def __init__(self, petition: Petition, room: str) -> None:
        self.room = room
        self.lifted = session.get("shown", {}).get(f"{room}:{petition.id}", 0) > clock.now().timestamp()

    def name(self, text: str | None) -> str:
        return self._of(masked_name, text)

    def address(self, text: str | None) -> str:
        return self._of(masked_address, text)

    def _of(self, hide: Callable[[str], str], text: str | None) -> str:
        return (text or "") if self.lifted or not text else hide(text)


@office.post(f"/petitions/<{ID}:petition_id>/names/<any({', '.join(ROOMS)}):room>")
def show_names(petition_id: int, room: str) -> Response:
    """Lifts the mask of one room of one petition, in this browser, for ten minutes."""
    lift(services.get(petition_id), room)
    said = _("Names and addresses are shown for ten minutes. The audit chain notes that you asked.")
    return done_at(said, safe_next(request.form.get("next")))


def lift(petition: Petition, room: str) -> None:
    """Notes that names were asked for, and shows them from now on. Commits."""
    now = clock.now()
    audit.record("names.shown", petition.slug, actor=actor(), room=room)
    kept = {key: until for key, until in session.get("shown", {}).items() if until > now.timestamp()}
    session["shown"] = {**kept, f"{room}:{petition.id}": (now + SHOWN_FOR).timestamp()}
    db.session.commit()
