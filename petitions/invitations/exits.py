"""How invitations end: whoever declines or leaves is gone from the row at once; what stays explains the link."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from core import clock, journal
from core.db import db
from petitions.invitations import mails as invitation_mails
from petitions.invitations.models import Invitation
from petitions.keeping.holds import HELD
from petitions.models import Petition, Signature
from petitions.states import ExitReason, InvitationKind, InvitationState, SignatureState

GRACE = timedelta(days=21)  # after a deadline that nobody used: an organiser may still give more time
EMPTIED = {
    "blob": None, "key_id": None, "data_key_id": None, "country": "", "public_name": None, "public_role": None,
    "public_affiliation": None, "public_size": None,
}  # fmt: skip
UNANSWERED = (InvitationState.PROPOSED, InvitationState.INVITED)
SIGNED = (InvitationState.CONFIRMED, InvitationState.APPROVED, InvitationState.REJECTED)
ENDED = (InvitationState.DECLINED, InvitationState.WITHDRAWN)
LEFT = (SignatureState.WITHDRAWN, SignatureState.ERASED)
DECLINED, UNLISTED = "declined", "unlisted"
JOURNALLED = {reason.value: InvitationState.WITHDRAWN for reason in ExitReason} | {
    DECLINED: InvitationState.DECLINED, UNLISTED: InvitationState.WITHDRAWN,
}  # fmt: skip


def empty(*which: Any, state: InvitationState) -> Sequence[Row[Any]]:
    """Ends the invitations that are meant, and takes back mails about them; their public id and blind index as they were.

    Who declined keeps the index, so that nobody asks that mailbox again; who withdrew may be invited anew."""
    ending = update(Invitation).where(Invitation.state.not_in(ENDED), *which).values(state=state, **EMPTIED)
    columns = (Invitation.id, Invitation.public_id, Invitation.email_index)
    unsynced = {"synchronize_session": False}
    rows: Any = db.session.execute(ending.returning(*columns), execution_options=unsynced).all()
    if rows and state != InvitationState.DECLINED:
        forgetting = update(Invitation).where(Invitation.id.in_([row.id for row in rows])).values(email_index=None)
        db.session.execute(forgetting, execution_options=unsynced)
    invitation_mails.recall(row.public_id for row in rows)
    return rows


def follow(petition_id: int, index: bytes, reason: ExitReason) -> None:
    """Ends what this person was invited to on the petition: the first step of taking their signature back.

    An organisation stays when its contact leaves as a person, and goes when that person says "I never signed this"."""
    theirs = [Invitation.petition_id == petition_id, Invitation.email_index == index]
    if reason != ExitReason.DISOWNED:
        theirs.append(Invitation.kind != InvitationKind.ORGANISATION)
    gone = empty(*theirs, state=InvitationState.WITHDRAWN)
    journal.promise(ExitReason.WITHDRAWN.value, *(row.public_id for row in gone))


def replay(act: str, public_id: str) -> None:
    """Repeats a journalled end after an old backup was restored; acts of other rooms and unknown ids do nothing."""
    if act in JOURNALLED:
        empty(Invitation.public_id == public_id, state=JOURNALLED[act])


def expire() -> bool:
    """The worker's tick: names of who never answered go three weeks after the deadline, of who left at once. Commits."""
    over = clock.now() - GRACE
    closing = select(Petition.closes_at).where(Petition.id == Invitation.petition_id).scalar_subquery()
    going_on = Invitation.petition_id.not_in(HELD)
    late = (going_on, Invitation.state.in_(UNANSWERED), func.coalesce(closing, Invitation.expires_at) < over)
    left = select(Signature.id).where(Signature.state.in_(LEFT))
    gone = (Invitation.state.in_(SIGNED), Invitation.signature_id.in_(left))
    waiting = [db.session.scalar(select(Invitation.id).where(*which).limit(1)) for which in (late, gone)]
    if waiting == [None, None]:  # an idle worker takes no write lock
        return False
    for which in (late, gone):
        empty(*which, state=InvitationState.WITHDRAWN)
    db.session.commit()
    return True
