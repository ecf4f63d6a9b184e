"""A signature's life: confirmed once, published by the worker, withdrawn or disowned by its owner."""

from datetime import timedelta
from hmac import compare_digest
from typing import Any

from sqlalchemy import select, update

from core import clock, journal
from core.db import db, insert
from core.jobs import enqueue
from core.tokens import digest
from petitions import consent, mails
from petitions.counting import tallies
from petitions.imports import exits as import_exits
from petitions.invitations import exits as invitation_exits
from petitions.mails import code_digest
from petitions.models import Petition, Signature, SignatureToken, Submission, Suppression
from petitions.persons import open_person, public_affiliation
from petitions.states import LISTED, ExitReason, PetitionState, Purpose, SignatureState, SubmissionState, Visibility

GRACE = timedelta(hours=24)  # who signed in time may confirm until then
CODE_TRIES = 5
EXITS = {
    ExitReason.WITHDRAWN: SignatureState.WITHDRAWN, ExitReason.DISOWNED: SignatureState.WITHDRAWN,
    ExitReason.ERASED: SignatureState.ERASED,
}  # fmt: skip
AGREED = (
    Submission.email_index, Submission.visibility, Submission.consent_digest,
    Submission.blob, Submission.key_id, Submission.data_key_id,
)  # fmt: skip
CONFIRMABLE = (
    SubmissionState.MAILED,
    SubmissionState.IMPORTED,
)  # the latter once it was invited to: it has no link before
UNSYNCED = {"synchronize_session": False}


class LinkGone(LookupError):
    """A link or code that is unknown, used up or too old."""


class LinkExpired(LinkGone):
    """A link that was good once; `submission` is what it spoke of."""

    def __init__(self, purpose: Purpose, submission: Submission) -> None:
        super().__init__(purpose)
        self.purpose, self.submission = purpose, submission


class TooLate(ValueError):
    """The petition has closed for good; the signature can no longer be counted."""


def get_submission(secret: str, purpose: Purpose) -> Submission:
    """The submission that a mailed link speaks of. Raises LinkGone, or LinkExpired while it is known when the link ended."""
    own = (SignatureToken.digest == digest(secret), SignatureToken.purpose == purpose)
    query = select(Submission, SignatureToken.expires_at)
    query = query.join(SignatureToken, SignatureToken.submission_id == Submission.id).where(*own)
    found = db.session.execute(query).one_or_none()
    if found is None:
        raise LinkGone(purpose)
    if found.expires_at <= clock.now():
        raise LinkExpired(purpose, found.Submission)
    submission: Submission = found.Submission
    return submission


def get_by_code(petition: Petition, public_id: str, code: str) -> Submission:
    """The petition's submission whose mail carried this code; each wrong try counts, after five it is dead. Raises LinkGone.

    The caller commits in either case, so that tries are counted."""
    own = (Submission.public_id == public_id, Submission.petition_id == petition.id)
    tried = db.session.execute(
        update(Submission)
        .where(*own, Submission.code_tries < CODE_TRIES)
        .values(code_tries=Submission.code_tries + 1)
        .returning(Submission.id, Submission.code_digest)
    ).one_or_none()
    if (
        tried is None
        or tried.code_digest is None
        or not compare_digest(tried.code_digest, code_digest(public_id, code))
    ):
        raise LinkGone("code")
    return db.session.get_one(Submission, tried.id, populate_existing=True)


def choices_again(petition: Petition, country: str, visibility: Visibility) -> list[Visibility]:
    """What is asked once more before confirming, where a name would go to an official of the signatory's own country."""
    own = {recipient.country for recipient in petition.recipients} | {petition.case.country}
    return [visibility, Visibility.COUNTED] if visibility in LISTED and country in own else []


def confirm(petition: Petition, submission: Submission, *, narrow_to: Visibility | None = None) -> None:
    """Makes the signature, once an address and petition; a repeated call changes nothing. Raises TooLate.

    `narrow_to`: `counted` where the person thought better of showing a name; a choice is never widened."""
    if submission.state in CONFIRMABLE and not in_time(petition, submission):
        raise TooLate(petition.slug)
    import_exits.hold(petition.id, submission.email_index)
    own = (Submission.id == submission.id, Submission.petition_id == petition.id)
    waiting = update(Submission).where(*own, Submission.state.in_(CONFIRMABLE))
    taking = waiting.values(state=SubmissionState.CONFIRMED).returning(*AGREED)
    taken = db.session.execute(taking, execution_options=UNSYNCED).one_or_none()
    if taken is None:
        return
    agreed = dict(taken._mapping)  # as it stood when the row was locked: a narrowing that came first holds
    if narrow_to == Visibility.COUNTED:
        agreed |= {"visibility": narrow_to, "consent_digest": consent.digest_of(petition, narrow_to)}
    kept = {"visibility": agreed["visibility"], "consent_digest": agreed["consent_digest"], "blob": None}
    db.session.execute(update(Submission).where(*own).values(kept))  # the code stays: pressing again shows the same
    _insert_signature(petition, submission, agreed)
    if submission.import_id is not None:
        import_exits.count(petition.id, -1, [submission.source])
    import_exits.follow(petition.id, agreed["email_index"])
    if submission.mails > 1:
        mails.recall([submission.public_id])  # a reminder that waits would come too late


def in_time(petition: Petition, submission: Submission) -> bool:
    """Whether it may still be confirmed: until a day after closing, where it was sent before that."""
    sent_before = petition.closes_at is None or submission.received_at < petition.closes_at
    return sent_before and takes_signatures(petition)


def takes_signatures(petition: Petition) -> bool:
    """Whether a submission that was received in time could still be confirmed."""
    if petition.closes_at is None:
        return petition.state in (PetitionState.OPEN, PetitionState.PAUSED)
    return clock.now() < petition.closes_at + GRACE


def stands(submission: Submission) -> bool:
    """Whether this person's signature stands, read afresh."""
    index = select(Submission.email_index).where(Submission.id == submission.id).scalar_subquery()
    same = (Signature.petition_id == submission.petition_id, Signature.email_index == index)
    return db.session.scalar(select(Signature.id).where(*same, Signature.state == SignatureState.VALID)) is not None


def find_of(submission: Submission) -> Signature | None:
    """The signature that this very submission became, in whatever state."""
    return db.session.scalar(select(Signature).where(Signature.public_id == submission.public_id))


def leave(petition_id: int, index: bytes | None, reason: ExitReason) -> None:
    """Takes back whatever this address signed or was about to sign on the petition; disowning also silences it there.

    Submissions are locked first: a confirmation under way ends before the signature is looked for. Left before: nothing."""
    if index is None:
        return
    invitation_exits.follow(petition_id, index, reason)
    same = (Submission.petition_id == petition_id, Submission.email_index == index)
    rows = import_exits.hold(petition_id, index)
    import_exits.count(petition_id, -1, [row.source for row in rows if row.state == SubmissionState.IMPORTED])
    was = {row.public_id: row for row in db.session.execute(_empty_submissions(same))}
    signature = db.session.execute(_empty_signature(petition_id, index, reason)).one_or_none()
    if signature is not None:
        was[signature.public_id] = signature
    if (
        signature is not None and signature.invalidation_id is None
    ):  # an invalidated one is counted no more; undo leaves it
        counted = {"country": signature.country, "source": signature.source, "hour": signature.confirmed_at}
        tallies.change(petition_id, -1, **counted, method=signature.method)
    if reason == ExitReason.DISOWNED:
        values = {"petition_id": petition_id, "email_index": index, "created_at": clock.now()}
        db.session.execute(insert(Suppression).values(values).on_conflict_do_nothing())
    mails.recall(was)
    mails.recall_own(was)
    for public_id in was:
        journal.promise(reason.value, public_id)


def replay(act: str, public_id: str) -> None:
    """Repeats a journalled withdrawal after an old backup was restored; acts of other rooms and unknown ids do nothing."""
    for table in (Submission, Signature):
        found = db.session.execute(
            select(table.petition_id, table.email_index).where(table.public_id == public_id)
        ).one_or_none()
        if found is not None and act in list(ExitReason):
            leave(found.petition_id, found.email_index, ExitReason(act))


def publish_confirmed(signature_id: int) -> None:
    """The worker's part of confirming: writes the public name where that was chosen, and mails the links to leave."""
    signature = db.session.get_one(Signature, signature_id)
    same = update(Submission).where(Submission.public_id == signature.public_id).values(mails=Submission.mails)
    db.session.execute(
        same, execution_options=UNSYNCED
    )  # locked first, as `leave` does: who leaves now recalls this mail
    db.session.refresh(signature)
    if signature.state != SignatureState.VALID:
        return
    petition = db.session.get_one(Petition, signature.petition_id)
    person = open_person(petition, signature)
    if signature.visibility == Visibility.PUBLIC:
        public = {"public_name": person["name"], "public_affiliation": public_affiliation(person)}
        unchanged = (
            Signature.id == signature.id,
            Signature.state == SignatureState.VALID,
            Signature.visibility == Visibility.PUBLIC,
            Signature.blob == signature.blob,  # a correction under way writes its own name
        )
        db.session.execute(update(Signature).where(*unchanged).values(public))
    submission = db.session.scalars(select(Submission).where(Submission.public_id == signature.public_id)).one()
    mails.promise(petition, submission, person, "confirmed")


def _insert_signature(petition: Petition, submission: Submission, agreed: dict[str, Any]) -> None:
    hour = clock.to_hour(clock.now())
    values = {
        "public_id": submission.public_id, "petition_id": petition.id, "method": "web", "state": SignatureState.VALID,
        "index_version": submission.index_version, "country": submission.country, "source": submission.source,
        "signed_at": clock.to_hour(submission.received_at), "confirmed_at": hour, "cluster_id": submission.cluster_id,
        **agreed,
    }  # fmt: skip
    row = insert(Signature.__table__).on_conflict_do_nothing(index_elements=["petition_id", "email_index"])
    signature_id = db.session.execute(row.returning(Signature.__table__.c.id), values).scalar()
    if signature_id is not None:
        tallies.change(petition.id, 1, country=submission.country, source=submission.source, hour=hour)
        enqueue("petitions.confirmed", {"signature": signature_id}, key=f"confirmed:{submission.public_id}")


def _empty_submissions(same: tuple[Any, ...]) -> Any:
    """Those that were left lack `expires_at`, which tells them from those whose time ran out."""
    left = {
        "state": SubmissionState.EXPIRED, "blob": None, "email_index": None, "code_digest": None, "expires_at": None,
    }  # fmt: skip
    return update(Submission).where(*same).values(left).returning(Submission.public_id)


def _empty_signature(petition_id: int, index: bytes, reason: ExitReason) -> Any:
    left = {
        "state": EXITS[reason], "exit_reason": reason, "blob": None, "email_index": None,
        "public_name": None, "public_affiliation": None,
    }  # fmt: skip
    same = (
        Signature.petition_id == petition_id,
        Signature.email_index == index,
        Signature.state.in_((SignatureState.VALID, SignatureState.INVALIDATED)),
    )
    columns = (
        Signature.public_id, Signature.country, Signature.source, Signature.confirmed_at, Signature.method,
        Signature.invalidation_id,
    )  # fmt: skip
    return update(Signature).where(*same).values(left).returning(*columns)
