"""A submission's way: sealed and stored by whoever serves the form, opened, judged and mailed by the worker."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy
from flask import current_app
from sqlalchemy import func, select, update
from sqlalchemy.exc import NoResultFound

from core import clock, tokens, unsubscribes
from core.db import db
from core.group_commit import GroupCommit
from core.keystore import KeyMissing
from core.vault import SITE, Sealed, VaultError, vault
from petitions import consent
from petitions.canonical import RULES_VERSION, blind_index
from petitions.mails import CONFIRM_LIFE, promise
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.states import HeldReason, Purpose, SignatureState, SubmissionState, Visibility

log = logging.getLogger(__name__)

SEALED_CONTEXT = "undersigned/sig/v1"
MAILS_AN_ADDRESS = 5
OPENED_AT_ONCE = 50
UNREADABLE = (VaultError, KeyMissing, NoResultFound, LookupError, ValueError)
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
OTHER_SOURCE = "other"
INSERT = sqlalchemy.insert(Submission.__table__)  # type: ignore[arg-type]


def submit(petition: Petition, *, country: str, visibility: Visibility, source: str, person: Mapping[str, Any]) -> str:
    """Stores what somebody sent as one sealed row, whoever they are, and gives its public id. Durable when it returns.

    `person`: name, email, postal_code, role, affiliation, comment, updates, may_ask."""
    public_id = secrets.token_urlsafe(16)
    vault().prepare(petition.scope)
    salt = secrets.token_hex(32)
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, public_id, {**person, "salt": salt})
    values = {
        "public_id": public_id, "petition_id": petition.id, "state": SubmissionState.RECEIVED, "code_tries": 0,
        "key_id": sealed.key_id, "data_key_id": sealed.data_key_id, "blob": sealed.blob,
        "country": country, "visibility": visibility, "source": source if source in petition.sources else OTHER_SOURCE,
        "consent_digest": consent.digest_of(petition, visibility), "received_at": clock.now(),
    }  # fmt: skip
    current_app.extensions.setdefault("submissions", GroupCommit(INSERT)).insert(values)
    return public_id


def open_person(petition: Petition, row: Submission | Signature) -> dict[str, Any]:
    """The sealed person data of a submission or of the signature that it became; needs the keystore."""
    sealed = Sealed(str(row.key_id), str(row.data_key_id), row.blob or b"")
    return vault().open(sealed, scope=petition.scope, context=SEALED_CONTEXT, public_id=row.public_id)


def open_received() -> bool:
    """The worker's tick: opens what was received, decides on each, promises the mail; one commit for the batch."""
    if db.session.scalar(select(Submission.id).where(Submission.state == SubmissionState.RECEIVED).limit(1)) is None:
        return False
    vault().prepare(SITE)
    received = select(Submission.id).where(Submission.state == SubmissionState.RECEIVED)
    received = received.order_by(Submission.id).limit(OPENED_AT_ONCE)
    if db.engine.dialect.name == "postgresql":
        received = received.with_for_update(skip_locked=True)
    taken = db.session.scalars(
        update(Submission)
        .where(Submission.id.in_(received.scalar_subquery()))
        .values(state=SubmissionState.MAILED, expires_at=clock.now() + CONFIRM_LIFE)
        .returning(Submission)
    ).all()
    for submission in sorted(taken, key=lambda one: one.id):
        _judge(submission)
    db.session.commit()
    return bool(taken)


def _judge(submission: Submission) -> None:
    """Mails a confirm link or 'you have signed already', or holds the submission in silence."""
    try:
        petition = db.session.get_one(Petition, submission.petition_id)
        person = open_person(petition, submission)
        submission.email_index = blind_index(vault().index_key(submission.key_id), person["email"])
    except UNREADABLE as error:  # one bad row must not stop everybody's mail; it is kept for an organiser to see
        log.error("submission %s cannot be opened: %s", submission.public_id, type(error).__name__)
        hold(submission, HeldReason.UNREADABLE)
        return
    submission.index_version = RULES_VERSION
    db.session.flush()
    reason = _held(submission, person)
    if reason is not None:
        hold(submission, reason)
    elif _signed_already(submission):
        promise(petition, submission, person, "already_signed")
    else:
        promise(petition, submission, person, "confirm", Purpose.CONFIRM, code=_new_code(submission))


def hold(submission: Submission, reason: HeldReason) -> None:
    """Sets a submission aside: accepted, not mailed, and looking the same to its sender."""
    submission.state, submission.held_reason, submission.held_at = SubmissionState.HELD, reason, clock.now()


def code_digest(public_id: str, code: str) -> bytes:
    """What is stored of a mail's code: keyed, so that a stolen table cannot be searched for it."""
    return tokens.keyed_hash("code", public_id + code)


def _held(submission: Submission, person: Mapping[str, Any]) -> HeldReason | None:
    """Why this submission gets no mail, or None."""
    if db.session.get(Suppression, (submission.petition_id, submission.email_index)) is not None:
        return HeldReason.SUPPRESSED
    if unsubscribes.is_stopped(unsubscribes.token_of(person["email"])):
        return HeldReason.UNSUBSCRIBED
    return HeldReason.MAIL_LIMIT if mails_sent(submission) >= MAILS_AN_ADDRESS else None


def mails_sent(submission: Submission) -> int:
    """How many mails this address was promised for this petition."""
    same = (Submission.petition_id == submission.petition_id, Submission.email_index == submission.email_index)
    return db.session.scalar(select(func.coalesce(func.sum(Submission.mails), 0)).where(*same)) or 0


def _signed_already(submission: Submission) -> bool:
    same = (Signature.petition_id == submission.petition_id, Signature.email_index == submission.email_index)
    return db.session.scalar(select(Signature.id).where(*same, Signature.state == SignatureState.VALID)) is not None


def _new_code(submission: Submission) -> str:
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    submission.code_digest = code_digest(submission.public_id, code)
    return f"{code[:4]}-{code[4:]}"
