"""A submission's way: sealed and stored by whoever serves the form, opened, judged and mailed by the worker."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy
from flask import current_app
from flask_babel import force_locale
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import NoResultFound

from core import clock, countries, mail, tokens
from core.db import db, insert
from core.group_commit import GroupCommit
from core.jobs import URGENT
from core.keystore import KeyMissing
from core.vault import SITE, Sealed, VaultError, vault
from petitions import consent
from petitions.canonical import RULES_VERSION, blind_index
from petitions.models import Petition, Signature, SignatureToken, Submission, Suppression
from petitions.states import Purpose, SignatureState, SubmissionState, Visibility

log = logging.getLogger(__name__)

SEALED_CONTEXT = "undersigned/sig/v1"
CONFIRM_LIFE = timedelta(days=21)
LEAVE_LIFE = timedelta(days=365)
MAILS_AN_ADDRESS = 5
MAILS = ("confirm", "already_signed", "confirmed")  # templates that a submission is written with
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
        submission.state = SubmissionState.HELD
        return
    submission.index_version = RULES_VERSION
    db.session.flush()
    if _suppressed(submission) or _mails_sent(submission) > MAILS_AN_ADDRESS:
        submission.state = SubmissionState.HELD
    elif _signed_already(submission):
        promise_mail(petition, submission, person, "already_signed", (Purpose.WITHDRAW, Purpose.DISOWN))
    else:
        promise_mail(petition, submission, person, "confirm", tuple(Purpose), code=_new_code(submission))


def promise_mail(
    petition: Petition,
    submission: Submission,
    person: Mapping[str, Any],
    template: str,
    purposes: tuple[Purpose, ...],
    **context: str,
) -> None:
    """Promises one mail about a submission, with a fresh link for each purpose; once for each template and submission."""
    server = current_app.config["UNDERSIGNED"].server_url
    links = {}
    for purpose in purposes:
        secret = tokens.new_secret()
        life = CONFIRM_LIFE if purpose == Purpose.CONFIRM else LEAVE_LIFE
        values = {
            "digest": tokens.digest(secret), "purpose": purpose, "submission_id": submission.id,
            "expires_at": clock.now() + life,
        }  # fmt: skip
        db.session.execute(insert(SignatureToken).values(values))
        links[purpose.value] = f"{server}/signatures/{secret}/{purpose.value}"
    with force_locale(petition.language):
        choice = consent.sentences(petition)[submission.visibility]
        said = (person["role"], person["affiliation"], countries.name_of(submission.country))
        about = ", ".join(filter(None, said))
    until = (clock.now() + CONFIRM_LIFE).astimezone(ZoneInfo(petition.time_zone)).date()
    mail.promise(
        template,
        to=person["email"],
        key=f"{template}:{submission.public_id}",
        context={
            **context, "name": person["name"], "about": about, "choice": choice, "title": petition.title,
            "until": clock.day(until, petition.language), "links": links,
            "page": f"{server}/petitions/{petition.slug}",
        },
        language=petition.language,
        priority=URGENT,
    )  # fmt: skip


def recall_mails(public_ids: Iterable[str]) -> None:
    """Takes back what is still to be mailed about submissions that have been emptied."""
    mail.recall(f"{template}:{public_id}" for public_id in public_ids for template in MAILS)


def code_digest(public_id: str, code: str) -> bytes:
    """What is stored of a mail's code: keyed, so that a stolen table cannot be searched for it."""
    return tokens.keyed_hash("code", public_id + code)


def expire() -> bool:
    """The worker's hourly tick: 21 days after its mail an unconfirmed submission loses everything personal. Commits."""
    over = Submission.expires_at < clock.now()
    waiting = Submission.state.in_((SubmissionState.MAILED, SubmissionState.HELD))
    emptied = {"state": SubmissionState.EXPIRED, "blob": None, "email_index": None, "code_digest": None}
    emptying = update(Submission).where(waiting, over).values(emptied).returning(Submission.public_id)
    expired = db.session.scalars(emptying).all()
    recall_mails(expired)
    db.session.execute(delete(SignatureToken).where(SignatureToken.expires_at < clock.now()))
    db.session.commit()
    return bool(expired)


def _suppressed(submission: Submission) -> bool:
    return db.session.get(Suppression, (submission.petition_id, submission.email_index)) is not None


def _mails_sent(submission: Submission) -> int:
    """How many mails this address was sent for this petition, this one counted."""
    same = (Submission.petition_id == submission.petition_id, Submission.email_index == submission.email_index)
    mailed = Submission.state.in_((SubmissionState.MAILED, SubmissionState.CONFIRMED))
    return db.session.scalar(select(func.count()).where(*same, mailed)) or 0


def _signed_already(submission: Submission) -> bool:
    same = (Signature.petition_id == submission.petition_id, Signature.email_index == submission.email_index)
    return db.session.scalar(select(Signature.id).where(*same, Signature.state == SignatureState.VALID)) is not None


def _new_code(submission: Submission) -> str:
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    submission.code_digest = code_digest(submission.public_id, code)
    return f"{code[:4]}-{code[4:]}"
