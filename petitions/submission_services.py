"""A submission's way: sealed and stored by whoever serves the form, opened, judged and mailed by the worker."""

import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import sqlalchemy
from flask import current_app
from sqlalchemy import func, select, update

from core import clock
from core.db import db
from core.jobs import Job, enqueue
from core.limits import TOR
from core.mailboxes import mail_servers
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.mailboxes.mail_domains import domain_of
from core.vault import SITE, vault
from petitions import consent, signature_services, sources
from petitions.abuse import proofs, rules
from petitions.abuse.rules import MAILS_AN_ADDRESS, mails_sent
from petitions.mails import CONFIRM_LIFE, promise
from petitions.models import Petition, Submission
from petitions.persons import SEALED_CONTEXT, UNREADABLE, open_person
from petitions.states import HeldReason, Purpose, SubmissionState, Visibility

log = logging.getLogger(__name__)

OPENED_AT_ONCE = 50
BUCKET_LIFE = timedelta(hours=24)
LATER = "petitions.mail_later"
SHORTEST_DELAY, LONGEST_DELAY = timedelta(minutes=10), timedelta(hours=12)
WAITING_FOR_ONE_MORE = 100  # mails that wait make the next ones wait as long again
TOR_CROWD = 200  # signings a day of a petition through Tor, from which on its users wait too, or bring a proof
INSERT = sqlalchemy.insert(Submission.__table__)  # type: ignore[arg-type]


def submit(
    petition: Petition,
    *,
    country: str,
    visibility: Visibility,
    source: str,
    person: Mapping[str, Any],
    bucket: str | None = None,
    proved: bool = False,
    trapped: bool = False,
) -> str:
    """Stores what somebody sent as one sealed row, whoever they are, and gives its public id. Durable when it returns.

    `person`: name, email, postal_code, role, affiliation, comment, updates, may_ask. `proved`: a proof of work came with it;
    `trapped`: the field that people do not see was filled."""
    public_id = secrets.token_urlsafe(16)
    vault().prepare(petition.scope)
    salt = secrets.token_hex(32)
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, public_id, {**person, "salt": salt})
    values = {
        "public_id": public_id, "petition_id": petition.id, "state": SubmissionState.RECEIVED, "code_tries": 0,
        "key_id": sealed.key_id, "data_key_id": sealed.data_key_id, "blob": sealed.blob,
        "country": country, "visibility": visibility, "source": sources.known(petition, source),
        "consent_digest": consent.digest_of(petition, visibility), "received_at": clock.now(),
        "bucket": bucket, "proved": proved, "trapped": trapped,
    }  # fmt: skip
    current_app.extensions["submissions"].add(values)
    return public_id


def open_received() -> bool:
    """The worker's tick: opens what was received, decides on each, promises the mail; one commit for the batch."""
    received = select(Submission.id).where(Submission.state == SubmissionState.RECEIVED)
    ids = db.session.scalars(received.order_by(Submission.id).limit(OPENED_AT_ONCE)).all()
    if not ids:
        return False
    vault().prepare(SITE)
    _prepare(list(ids))
    taken = _take(list(ids))
    for submission in sorted(taken, key=lambda one: one.id):
        _judge(submission)
    db.session.commit()
    return bool(taken)


def _prepare(ids: list[int]) -> None:
    """What takes time is done while nothing is locked: the DNS is asked, the crowds are brought up to date."""
    found = db.session.execute(
        select(Submission, Petition).join(Petition, Petition.id == Submission.petition_id).where(Submission.id.in_(ids))
    ).all()
    domains, petitions = [], {petition.id: petition for _submission, petition in found}
    for submission, petition in found:
        with suppress(*UNREADABLE):
            domains.append(domain_of(open_person(petition, submission)["email"]))
    rules.prepare(petitions.values())
    db.session.rollback()
    mail_servers.look_up(domains)


def _take(ids: list[int]) -> list[Submission]:
    """Those that no other worker has taken meanwhile, now as if mailed."""
    received = select(Submission.id).where(Submission.id.in_(ids), Submission.state == SubmissionState.RECEIVED)
    if db.engine.dialect.name == "postgresql":
        received = received.with_for_update(skip_locked=True)
    taking = update(Submission).where(Submission.id.in_(received.scalar_subquery()))
    values = {"state": SubmissionState.MAILED, "expires_at": clock.now() + CONFIRM_LIFE}
    return list(db.session.scalars(taking.values(values).returning(Submission)))


def _judge(submission: Submission) -> None:
    """Mails a confirm link or 'you have signed already', at once or later, or holds the submission in silence."""
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
    reason = rules.held(petition, submission, person)
    if reason is not None:
        hold(submission, reason)
    elif _waits(submission):
        enqueue(LATER, {"submission": submission.public_id}, key=f"later:{submission.public_id}", after=_delay())
    else:
        _mail(petition, submission, person)


def mail_later(job: Job) -> None:
    """The job of the slower path: mails a submission whose time has come, unless it was held, taken back or replaced since."""
    waits = (Submission.state == SubmissionState.MAILED, Submission.blob.is_not(None))
    mine = update(Submission).where(Submission.public_id == job.args["submission"], *waits)
    submission = db.session.scalar(mine.values(expires_at=clock.now() + CONFIRM_LIFE).returning(Submission))
    if submission is None:
        return
    if mails_sent(submission) >= MAILS_AN_ADDRESS:  # others of this address have been mailed while it waited
        return hold(submission, HeldReason.MAIL_LIMIT)
    petition = db.session.get_one(Petition, submission.petition_id)
    _mail(petition, submission, open_person(petition, submission))


def _mail(petition: Petition, submission: Submission, person: Mapping[str, Any]) -> None:
    if signature_services.stands(submission):
        promise(petition, submission, person, "already_signed")
    else:
        promise(petition, submission, person, "confirm", Purpose.CONFIRM)


def _waits(submission: Submission) -> bool:
    """Whether its mail goes the slower path: it came without a proof of work while one is asked for, or through a full Tor."""
    if submission.proved or submission.released_at is not None:
        return False
    if proofs.wanted(submission.petition_id):
        return True
    return submission.bucket == TOR and rules.tor_crowd(submission) >= TOR_CROWD


def _delay() -> timedelta:
    """How long a mail of the slower path waits: the longer the more of them wait."""
    waiting = (
        db.session.scalar(select(func.count()).select_from(Job).where(Job.kind == LATER, Job.state == "queued")) or 0
    )
    return min(SHORTEST_DELAY * (1 + waiting // WAITING_FOR_ONE_MORE), LONGEST_DELAY)


def forget_buckets() -> bool:
    """The worker's tick: a day later no row tells any more from which network it came. Commits."""
    old = (Submission.bucket.is_not(None), Submission.received_at < clock.now() - BUCKET_LIFE)
    emptied = db.session.scalars(update(Submission).where(*old).values(bucket=None).returning(Submission.id)).all()
    db.session.commit()
    return bool(emptied)


def hold(submission: Submission, reason: HeldReason) -> None:
    """Sets a submission aside: accepted, not mailed, and looking the same to its sender."""
    submission.state, submission.held_reason, submission.held_at = SubmissionState.HELD, reason, clock.now()
