"""How rows are emptied of persons: what stays tells how many there were, from which country and when."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, or_, select, update

from core.db import db
from petitions import mails
from petitions.abuse.models import Invalidation, Signal
from petitions.invitations import exits as invitation_exits
from petitions.invitations import mails as invitation_mails
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature, SignatureToken, Submission
from petitions.states import InvalidationState, SubmissionState

AT_ONCE = 500
UNSYNCED = {"synchronize_session": False}
NOBODY = {
    "blob": None, "email_index": None, "index_version": None, "key_id": None, "data_key_id": None, "public_name": None,
    "public_affiliation": None,
}  # fmt: skip
WAITING = (SubmissionState.RECEIVED, SubmissionState.MAILED, SubmissionState.HELD)
STOPPED = (InvalidationState.DONE, InvalidationState.CANCELLED, InvalidationState.UNDONE, InvalidationState.PREVIEW)


def empty_signatures(rows: Sequence[Any], moment: datetime, values: dict[str, Any]) -> int:
    """One batch, by `id` and `public_id`; what is still to be mailed about them goes, too. Commits."""
    if rows:
        cleared = {**values, "cleared_at": case((Signature.cleared_at.is_(None), moment), else_=Signature.cleared_at)}
        theirs = update(Signature).where(Signature.id.in_([row.id for row in rows]))
        db.session.execute(theirs.values(cleared), execution_options=UNSYNCED)
        if "email_index" in values:  # with the index there is no way left to withdraw, so that no mail may say there is
            mails.recall([row.public_id for row in rows])
    db.session.commit()
    return len(rows)


def submissions(petition: Petition) -> Iterator[int]:
    """Everything that was sent, but for what belongs to a signature that still has its person."""
    kept = select(Signature.id).where(
        Signature.petition_id == petition.id, Signature.email_index == Submission.email_index
    )
    orphaned = ~kept.exists()
    return empty_submissions(Submission.petition_id == petition.id, orphaned, links=True)


def empty_submissions(*which: Any, links: bool) -> Iterator[int]:
    """In batches, with what is still to be mailed about them; with `links` no mail of theirs opens anything any more.

    Commits after each."""
    left = or_(Submission.blob.is_not(None), Submission.email_index.is_not(None), Submission.code_digest.is_not(None))
    query, last = select(Submission.id, Submission.public_id).where(*which, left).order_by(Submission.id), 0
    ended = case((Submission.state.in_(WAITING), SubmissionState.EXPIRED), else_=Submission.state)
    values = {"state": ended, "blob": None, "email_index": None, "code_digest": None, "bucket": None}
    while batch := db.session.execute(query.where(Submission.id > last).limit(AT_ONCE)).all():
        ids, last = [row.id for row in batch], batch[-1].id
        theirs = update(Submission).where(Submission.id.in_(ids), *which)
        db.session.execute(theirs.values(values), execution_options=UNSYNCED)
        if links:
            ending = delete(SignatureToken).where(SignatureToken.submission_id.in_(ids))
            db.session.execute(ending, execution_options=UNSYNCED)
        mails.recall([row.public_id for row in batch])
        db.session.commit()
        yield len(batch)


def invitations(petition: Petition, *, everybody: bool) -> int:
    """Who never answered, declined or left; with `everybody` also those who signed, and how they were shown."""
    which = [Invitation.petition_id == petition.id, Invitation.blob.is_not(None) | Invitation.email_index.is_not(None)]
    if not everybody:
        which.append(Invitation.state.not_in(invitation_exits.SIGNED))
    gone = {**invitation_exits.EMPTIED, "email_index": None, "index_version": None, "digest": None}
    emptied = update(Invitation).where(*which).values(gone).returning(Invitation.public_id)
    public_ids = db.session.scalars(emptied, execution_options=UNSYNCED).all()
    invitation_mails.recall(public_ids)
    return len(public_ids)


def conditions(petition: Petition, *, running: bool = False) -> None:
    """What an invalidation looked for may be somebody's name; its counts and its reason stay, and it can still be undone."""
    states = tuple(InvalidationState) if running else STOPPED
    ended = (Invalidation.petition_id == petition.id, Invalidation.state.in_(states))
    nothing = {"blob": b"", "key_id": "", "data_key_id": ""}
    db.session.execute(update(Invalidation).where(*ended).values(nothing), execution_options=UNSYNCED)
    waves = update(Signal).where(
        Signal.petition_id == petition.id
    )  # the mark of a name, a family of addresses, a domain
    db.session.execute(waves.values(value=""), execution_options=UNSYNCED)
