"""A signatory's own page: what stands in clear, and what its owner may do with it. Nothing here opens what is sealed.

What a link speaks of is whatever its mailbox signed on the petition, not only the submission that it was mailed for."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from core import clock, journal
from core.db import db
from core.jobs import WISH, enqueue
from petitions import consent, signature_services
from petitions.invitations import exits as invitation_exits
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition, Signature, SignatureToken, Submission
from petitions.signature_services import UNSYNCED, LinkGone
from petitions.states import (
    ExitReason,
    InvitationKind,
    InvitationState,
    Purpose,
    SignatureState,
    SubmissionState,
    Visibility,
)

NARROWER = {
    Visibility.PUBLIC: (Visibility.RECIPIENTS, Visibility.COUNTED),
    Visibility.RECIPIENTS: (Visibility.COUNTED,),
    Visibility.COUNTED: (),
}
STANDING = (SignatureState.VALID, SignatureState.INVALIDATED)
NARROWED, LINK_ENDED = "narrowed-", "link-ended"  # acts of the journal: with the choice; on a link's fingerprint
TO_ADDRESS = ("name", "updates", "data", "links")  # acts that need what is sealed
FROZEN = "*"  # no petition's slug
WAITING = (SubmissionState.MAILED, SubmissionState.HELD, SubmissionState.IMPORTED)


class OwnLinkGone(LinkGone):
    """A link to an own page that is unknown, too old, or was made useless by its owner."""


class WouldWiden(ValueError):
    """A choice about one's name may be narrowed only."""


@dataclass(frozen=True)
class Standing:
    """What a link's mailbox has on its petition: a signature, or a submission that waits, or neither any more.

    `notable`: the invitation by which it stands, or shall stand, among the notable signatories."""

    petition: Petition
    submission: Submission
    signature: Signature | None
    notable: Invitation | None = None

    @property
    def row(self) -> Signature | Submission | None:
        """The row that counts, or will; None once everything that names its owner is gone."""
        waiting = self.submission.state in WAITING and self.submission.email_index is not None
        return self.signature or (self.submission if waiting else None)

    @property
    def sealed(self) -> bool:
        """Whether name and address are still kept; of who is only counted they go a week after confirming."""
        return self.row is not None and self.row.blob is not None

    @property
    def public_id(self) -> str:
        return self.signature.public_id if self.signature else self.submission.public_id

    def offers(self, act: str) -> bool:
        """Whether an act of the page could do what it says."""
        if act == "notable":
            return self.notable is not None
        return self.sealed if act in TO_ADDRESS else self.row is not None

    @property
    def narrower(self) -> tuple[Visibility, ...]:
        return NARROWER[self.row.visibility] if self.row else ()


def get(secret: str) -> Standing:
    """What a mailed link leads to. Raises OwnLinkGone."""
    try:
        submission = signature_services.get_submission(secret, Purpose.MANAGE)
    except LinkGone:
        raise OwnLinkGone(Purpose.MANAGE) from None
    return standing_of(submission)


def standing_of(submission: Submission) -> Standing:
    petition = db.session.get_one(Petition, submission.petition_id)
    signature = db.session.scalar(select(Signature).where(*_same(Signature, submission), Signature.state.in_(STANDING)))
    return Standing(petition, submission, signature, _notable(signature) if signature else None)


def narrow(standing: Standing, to: Visibility) -> None:
    """Narrows who may see the name, at once, for the signature and whatever waits beside it. Raises WouldWiden."""
    if standing.row and to not in (standing.row.visibility, *standing.narrower):
        raise WouldWiden(to)
    for submission in _waiting(standing):  # first: a confirmation under way ends before its signature is looked for
        if _narrow(standing.petition, submission, to):
            journal.promise(f"{NARROWED}{to.value}", submission.public_id)
    signature = standing_of(standing.submission).signature
    if signature and _narrow(standing.petition, signature, to, public_name=None, public_affiliation=None):
        invitation_exits.empty(Invitation.signature_id == signature.id, state=InvitationState.WITHDRAWN)
        journal.promise(f"{NARROWED}{to.value}", signature.public_id)


def unlist(standing: Standing) -> None:
    """Takes the name off the notable signatories; the signature goes on counting, and is as visible as its owner chose."""
    if standing.notable:
        gone = invitation_exits.empty(Invitation.id == standing.notable.id, state=InvitationState.WITHDRAWN)
        journal.promise(invitation_exits.UNLISTED, *(ended.public_id for ended in gone))


def replay(act: str, public_id: str) -> None:
    """Repeats a journalled narrowing, or the end of a link, after an old backup was restored, and what erasing does beyond
    `leave`, which comes first.

    Other acts and unknown ids do nothing."""
    if act == ExitReason.ERASED:
        emptied = (Submission.public_id == public_id, Submission.email_index.is_(None))
        _forget(list(db.session.scalars(select(Submission.id).where(*emptied))), [public_id])
    if act == LINK_ENDED:
        ended = delete(SignatureToken).where(SignatureToken.digest == bytes.fromhex(public_id))
        db.session.execute(ended.where(SignatureToken.purpose == Purpose.MANAGE), execution_options=UNSYNCED)
    if act.startswith(NARROWED) and act.removeprefix(NARROWED) in list(Visibility):
        _narrow_again(public_id, Visibility(act.removeprefix(NARROWED)))


def leave(standing: Standing, reason: ExitReason) -> None:
    """Withdraws, disowns or erases; leaving again does nothing. Erasing also forgets the clear columns that it can."""
    index, petition_id = standing.submission.email_index, standing.petition.id
    same = _same(Submission, standing.submission)
    sent = db.session.execute(select(Submission.id, Submission.public_id).where(*same)).all()
    signature_services.leave(petition_id, index, reason)
    if index is not None and reason == ExitReason.ERASED:
        _forget([row.id for row in sent], [standing.public_id, *(row.public_id for row in sent)])


def revoke(standing: Standing) -> None:
    """Ends every link to this own page and promises a mail with a new one; of two presses only one finds links to end.

    Journalled by the links' fingerprints: a restored backup shuts out whoever was shut out, and a newer link stays."""
    if not standing.sealed:  # the address is gone: no new link could be mailed
        return
    theirs = select(Submission.id).where(
        or_(Submission.id == standing.submission.id, and_(*_same(Submission, standing.submission)))
    )
    ours = (SignatureToken.purpose == Purpose.MANAGE, SignatureToken.submission_id.in_(theirs))
    ending = delete(SignatureToken).where(*ours).returning(SignatureToken.digest)
    ended = db.session.scalars(ending, execution_options=UNSYNCED).all()
    if ended:
        journal.promise(LINK_ENDED, *(digest.hex() for digest in ended), priority=WISH)
        enqueue("petitions.renew_link", sealed={"submission": standing.submission.id}, priority=WISH)


def correct(standing: Standing, **fields: Any) -> None:
    """Asks the worker to seal these fields anew; of several wishes for the same fields the newest wins."""
    key = f"{correction_key(standing.public_id, fields)}{secrets.token_hex(8)}"
    enqueue(
        "petitions.correct", key=key, sealed={"submission": standing.submission.id, "fields": fields}, priority=WISH
    )


def correction_key(public_id: str, fields: Any) -> str:
    """What the keys of all wishes for these fields of one signatory begin with."""
    return f"own:{public_id}:{','.join(sorted(fields))}:"


def ask_for_data(standing: Standing) -> None:
    """Asks the worker to mail everything that is stored; once an hour, however often the button is pressed."""
    key = f"own-data:{standing.public_id}:{clock.now():%Y%m%d%H}"
    enqueue("petitions.own_data", key=key, sealed={"submission": standing.submission.id}, priority=WISH)


def ask_for_link(email: str, slug: str) -> None:
    """Asks the worker to mail a link to this address if it has signed; the same one insert for every address.

    `slug`: a petition's, or FROZEN for every petition of a frozen case."""
    enqueue("petitions.own_link", sealed={"email": email, "petition": slug}, priority=WISH)


def _same(table: Any, submission: Submission) -> tuple[Any, ...]:
    """Whatever this mailbox has in a table on the petition; nothing once its index is gone: NULL equals nothing in SQL."""
    index = select(Submission.email_index).where(Submission.id == submission.id).scalar_subquery()
    return table.petition_id == submission.petition_id, table.email_index == index


def _waiting(standing: Standing) -> Iterator[Submission]:
    same = _same(Submission, standing.submission)
    yield from db.session.scalars(
        select(Submission).where(*same, Submission.state.in_(WAITING)).order_by(Submission.id)
    )


def _notable(signature: Signature) -> Invitation | None:
    theirs = (Invitation.signature_id == signature.id, Invitation.kind == InvitationKind.NOTABLE)
    return db.session.scalar(select(Invitation).where(*theirs, Invitation.state.in_(invitation_exits.SIGNED)))


def _narrow_again(public_id: str, to: Visibility) -> None:
    """In an old backup the row may still wait to be confirmed; then that is what was narrowed."""
    waiting = (Submission.public_id == public_id, Submission.state.in_(WAITING))
    submission = db.session.scalar(select(Submission).where(*waiting))
    if submission:
        _narrow(db.session.get_one(Petition, submission.petition_id), submission, to)
    signature = db.session.scalar(select(Signature).where(Signature.public_id == public_id))
    if signature:
        invitation_exits.empty(Invitation.signature_id == signature.id, state=InvitationState.WITHDRAWN)
        petition = db.session.get_one(Petition, signature.petition_id)
        _narrow(petition, signature, to, public_name=None, public_affiliation=None)


def _narrow(petition: Petition, row: Signature | Submission, to: Visibility, **values: None) -> bool:
    """One guarded UPDATE: a choice that another tab has narrowed further stays as it is."""
    wider = [choice for choice, narrower in NARROWER.items() if to in narrower]
    values_now = {"visibility": to, "consent_digest": _text_for(petition, row.consent_digest, to), **values}
    table = type(row)
    narrowing = update(table).where(table.id == row.id, table.visibility.in_(wider)).values(values_now)
    return db.session.execute(narrowing.returning(table.id)).scalar() is not None


def _text_for(petition: Petition, agreed: str, to: Visibility) -> str:
    """The stored words of the narrower choice that name the officials who were agreed to: none is added by narrowing."""
    stored = select(ConsentText).where(ConsentText.petition_id == petition.id).order_by(ConsentText.version)
    texts = db.session.scalars(stored).all()
    named = {text.digest: text.recipients for text in texts}.get(agreed)
    same = [text.digest for text in texts if text.visibility == to and text.recipients == named]
    return same[-1] if same else consent.digest_of(petition, to)


def _forget(submission_ids: list[int], public_ids: list[str]) -> None:
    nowhere: dict[str, Any] = {"country": "", "source": "", "visibility": Visibility.COUNTED, "cluster_id": None}
    sent = update(Submission).where(Submission.id.in_(submission_ids))
    db.session.execute(sent.values(**nowhere, bucket=None, held_reason=None))
    erased = (Signature.public_id.in_(public_ids), Signature.state == SignatureState.ERASED)
    db.session.execute(update(Signature).where(*erased).values(nowhere))
