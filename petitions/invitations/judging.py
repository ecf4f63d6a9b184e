"""The organisers' judgement of who has confirmed: a notable or an organisation is shown, or not, and each may be undone."""

from typing import Any

from sqlalchemy import and_, select, update

from core import clock
from core.db import RowNotFound, db
from core.jobs import enqueue
from petitions.invitations import people as invitation_people
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature
from petitions.states import InvitationKind, InvitationState, Method

JUDGED = (InvitationState.CONFIRMED, InvitationState.APPROVED, InvitationState.REJECTED)  # any may become any other
# Members of a closed letter need nobody's yes; of who was emptied by a clock there is nothing left to judge.
CLAIMS = and_(Invitation.kind != InvitationKind.MEMBER, Invitation.blob.is_not(None))
HIDDEN = {"public_name": None, "public_role": None, "public_affiliation": None, "public_size": None}


class ClaimNotFound(RowNotFound):
    """Nobody of this number has said to be notable, or an organisation."""


class MovedOn(ValueError):
    """It stands otherwise than the organiser's page showed."""


def get(number: int) -> Invitation:
    """Raises ClaimNotFound."""
    row = db.session.scalar(select(Invitation).where(Invitation.id == number, CLAIMS))
    if row is None:
        raise ClaimNotFound(str(number))
    return row


def move(number: int, *, before: InvitationState, after: InvitationState) -> None:
    """Gives a claim another state, if it still has the one that was seen; the signature counts all the same.

    Raises ClaimNotFound, MovedOn; what opening raises where it could not be shown."""
    row = get(number)
    standing = (Invitation.id == number, Invitation.state == before, CLAIMS)
    values: dict[str, Any] = {"state": after, **HIDDEN}
    if after == InvitationState.APPROVED:
        invitation_people.opener(db.session.get_one(Petition, row.petition_id))(row)
        values["approved_at"] = clock.now()
    if not invitation_people.changed(update(Invitation).where(*standing).values(values)):
        raise MovedOn(str(number))
    if after == InvitationState.APPROVED:
        key = f"invitation-approved:{row.public_id}:{clock.now().isoformat()}"  # after an undo it may be approved anew
        enqueue("invitations.publish", {"invitation": number}, key=key)
    else:
        _hide(row)
    db.session.expire(row)


def _hide(row: Invitation) -> None:
    """The name goes from the list of who signed, too, where only this claim had put it there."""
    own = (Signature.id == row.signature_id, Signature.method == Method.NOTABLE)
    hidden = update(Signature).where(*own).values(public_name=None, public_affiliation=None)
    db.session.execute(hidden, execution_options=invitation_people.UNSYNCED)
