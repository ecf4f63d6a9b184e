"""A signatory's own page: what stands in clear, and what its owner may do with it. Nothing here opens what is sealed.

What a link speaks of is whatever its mailbox signed on the petition, not only the submission that it was mailed for."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from core import clock, journal
from core.db import db
from core.jobs import enqueue
from petitions import consent, signature_services
from petitions.invitations import exits as invitation_exits
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition, Signature, SignatureToken, Submission
from petitions.signature_services import LinkGone
from petitions.states import ExitReason, InvitationState, Purpose, SignatureState, SubmissionState, Visibility

NARROWER = {
    Visibility.PUBLIC: (Visibility.RECIPIENTS, Visibility.COUNTED),
    Visibility.RECIPIENTS: (Visibility.COUNTED,),
    Visibility.COUNTED: (),
}
STANDING = (SignatureState.VALID, SignatureState.INVALIDATED)
NARROWED = "narrowed-"  # an act of the journal, with the choice
WAITING = (SubmissionState.MAILED, SubmissionState.HELD)


class OwnLinkGone(LinkGone):
    """A link to an own page that is unknown, too old, or was made useless by its owner."""


class WouldWiden(ValueError):
    """A choice about one's name may be narrowed only."""


@dataclass(frozen=True)
class Standing:
    """What a link's mailbox has on its petition: a signature, or a submission that waits, or neither any more."""

    petition: Petition
    submission: Submission
    signature: Signature | None

    @property
    def row(self) -> Signature | Submission | None:
        """The row that counts, or will; None once everything that names its owner is gone."""
        waiting = self.submission.state in WAITING and self.submission.email_index is not None
        return self.signature or (self.submission if waiting else None)

    @property
    def public_id(self) -> str:
        return self.signature.public_id if self.signature else self.submission.public_id

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
    return Standing(petition, submission, signature)


def narrow(standing: Standing, to: Visibility) -> None:
    """Narrows who may see the name, at once, for the signature and whatever waits beside it. Raises WouldWiden."""
    if standing.row and to not in (standing.row.visibility, *standing.narrower):
        raise WouldWiden(to)
    for submission in _waiting(standing):  # first: a confirmation under way ends before its signature is looked for
        _narrow(standing.petition, submission, to)
    signature = standing_of(standing.submission).signature
    if signature and _narrow(standing.petition, signature, to, public_name=None, public_affiliation=None):
        invitation_exits.empty(Invitation.signature_id == signature.id, state=InvitationState.WITHDRAWN)
        journal.promise(f"{NARROWED}{to.value}", signature.public_id)


def replay(act: str, public_id: str) -> None:
    """Repeats a journalled narrowing after an old backup was restored, and what erasing does beyond `leave`, which comes first.

    Other acts and unknown ids do nothing."""
    if act == ExitReason.ERASED:
        emptied = (Submission.public_id == public_id, Submission.email_index.is_(None))
        _forget(list(db.session.scalars(select(Submission.id).where(*emptied))), [public_id])
    choice = act.removeprefix(NARROWED)
    signature = db.session.scalar(select(Signature).where(Signature.public_id == public_id))
    if signature and act.startswith(NARROWED):
        invitation_exits.empty(Invitation.signature_id == signature.id, state=InvitationState.WITHDRAWN)
    if signature and act.startswith(NARROWED) and choice in list(Visibility):
        petition = db.session.get_one(Petition, signature.petition_id)
        _narrow(petition, signature, Visibility(choice), public_name=None, public_affiliation=None)


def leave(standing: Standing, reason: ExitReason) -> None:
    """Withdraws, disowns or erases; leaving again does nothing. Erasing also forgets the clear columns that it can."""
    index, petition_id = standing.submission.email_index, standing.petition.id
    same = _same(Submission, standing.submission)
    sent = db.session.execute(select(Submission.id, Submission.public_id).where(*same)).all()
    signature_services.leave(petition_id, index, reason)
    if index is not None and reason == ExitReason.ERASED:
        _forget([row.id for row in sent], [standing.public_id, *(row.public_id for row in sent)])


def revoke(standing: Standing) -> None:
    """Ends every link to this own page and promises a mail with a new one; of two presses only one finds links to end."""
    if standing.row is None or standing.row.blob is None:  # the address is gone: no new link could be mailed
        return
    theirs = select(Submission.id).where(
        or_(Submission.id == standing.submission.id, and_(*_same(Submission, standing.submission)))
    )
    ours = (SignatureToken.purpose == Purpose.MANAGE, SignatureToken.submission_id.in_(theirs))
    ended = delete(SignatureToken).where(*ours).returning(SignatureToken.digest)
    if db.session.execute(ended, execution_options={"synchronize_session": False}).all():
        enqueue("petitions.renew_link", sealed={"submission": standing.submission.id})


def correct(standing: Standing, **fields: Any) -> None:
    """Asks the worker to seal these fields anew; of several wishes for the same fields the newest wins."""
    key = f"{correction_key(standing.public_id, fields)}{secrets.token_hex(8)}"
    enqueue("petitions.correct", key=key, sealed={"submission": standing.submission.id, "fields": fields})


def correction_key(public_id: str, fields: Any) -> str:
    """What the keys of all wishes for these fields of one signatory begin with."""
    return f"own:{public_id}:{','.join(sorted(fields))}:"


def ask_for_data(standing: Standing) -> None:
    """Asks the worker to mail everything that is stored; once an hour, however often the button is pressed."""
    key = f"own-data:{standing.public_id}:{clock.now():%Y%m%d%H}"
    enqueue("petitions.own_data", key=key, sealed={"submission": standing.submission.id})


def ask_for_link(email: str, slug: str) -> None:
    """Asks the worker to mail a link to this address if it has signed; the same one insert for every address."""
    enqueue("petitions.own_link", sealed={"email": email, "petition": slug})


def _same(table: Any, submission: Submission) -> tuple[Any, ...]:
    """Whatever this mailbox has in a table on the petition; nothing once its index is gone: NULL equals nothing in SQL."""
    index = select(Submission.email_index).where(Submission.id == submission.id).scalar_subquery()
    return table.petition_id == submission.petition_id, table.email_index == index


def _waiting(standing: Standing) -> Iterator[Submission]:
    same = _same(Submission, standing.submission)
    yield from db.session.scalars(
        select(Submission).where(*same, Submission.state.in_(WAITING)).order_by(Submission.id)
    )


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
