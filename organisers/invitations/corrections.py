"""The role that somebody asks to be shown with: settled by an organiser, in the words that they have seen and no others."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from core.jobs import enqueue
from petitions.invitations import people as invitation_people
from petitions.invitations.models import Invitation
from petitions.models import Petition


class NothingDone(ValueError):
    """The invitation stands otherwise by now, so that the act had nothing to do."""


class OtherWords(NothingDone):
    """They ask for other words by now than the organiser has seen."""


def mark(asked: Mapping[str, Any] | None) -> str:
    """Tells whether the words that somebody asks for are those that a page showed; empty without any."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32] if asked else ""


def correct(petition: Petition, row: Invitation, *, seen: str) -> None:
    """Takes over how somebody wants their role to read. Raises NothingDone, OtherWords."""
    _settle(petition, row, seen, take_over=True)
    enqueue("invitations.publish", {"invitation": row.id})


def keep(petition: Petition, row: Invitation, *, seen: str) -> None:
    """Leaves the role as it is. Raises NothingDone, OtherWords."""
    _settle(petition, row, seen, take_over=False)


def _settle(petition: Petition, row: Invitation, seen: str, *, take_over: bool) -> None:
    """The caller has prepared the vault for the petition's scope."""
    invitation_people.hold(row)
    if row.blob is None:
        raise NothingDone
    person = invitation_people.opener(petition)(row)
    asked = person.pop("asked", None)
    if asked is None:
        raise NothingDone
    if seen != mark(asked):
        raise OtherWords
    invitation_people.reseal(petition, row, {**person, **(asked if take_over else {})})
