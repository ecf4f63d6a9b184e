"""Between a mail and the press of its button: when the clocks start, who is reminded, what expires."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, true, update

from core import clock
from core.db import db
from core.vault import SITE, vault
from petitions import mails
from petitions.abuse.held_services import open_ids
from petitions.abuse.rules import MAILS_AN_ADDRESS, mails_sent
from petitions.keeping.holds import HELD
from petitions.mails import CONFIRM_LIFE, LIVES
from petitions.models import Petition, SignatureToken, Submission
from petitions.persons import UNREADABLE, open_person
from petitions.signature_services import GRACE
from petitions.states import REVIEWED, HeldReason, Purpose, SubmissionState

REMINDED_AFTER = timedelta(days=3)
REMINDED_AT_ONCE = 100
TOKEN_KEPT = timedelta(days=90)  # past its end, so that a late click is told what happened
NEVER_MAILED = {"stopped": HeldReason.UNSUBSCRIBED}  # why a mail will never go; the other reasons are the mailbox's
SILENT = {"synchronize_session": False}


def sent(submission_id: int, links: Mapping[str, str]) -> None:
    """A mail was handed over: its links, and what it asks to confirm, live from now on."""
    now = clock.now()
    for purpose, digest in links.items():
        own = SignatureToken.digest == bytes.fromhex(digest)
        db.session.execute(update(SignatureToken).where(own).values(expires_at=now + LIVES[Purpose(purpose)]))
    _start(submission_id, true() if Purpose.CONFIRM in links else Submission.expires_at.is_(None))
    first = (Submission.id == submission_id, Submission.mailed_at.is_(None))
    db.session.execute(update(Submission).where(*first).values(mailed_at=now))


def unsent(submission_id: int, why: str) -> None:
    """A mail will never go: a submission that nobody was written about is set aside for good, with the reason.

    Where an earlier mail went, that one's link is what remains."""
    nobody_knows = (Submission.state == SubmissionState.MAILED, Submission.mailed_at.is_(None))
    reason = NEVER_MAILED.get(why, HeldReason.REFUSED)
    held = {"state": SubmissionState.HELD, "held_reason": reason, "held_at": clock.now()}
    db.session.execute(update(Submission).where(Submission.id == submission_id, *nobody_knows).values(held))
    _start(submission_id, Submission.expires_at.is_(None))


def _start(submission_id: int, where: ColumnElement[bool]) -> None:
    waiting = (Submission.id == submission_id, Submission.state == SubmissionState.MAILED, where)
    db.session.execute(update(Submission).where(*waiting).values(expires_at=clock.now() + CONFIRM_LIFE))


def remind() -> bool:
    """The worker's tick: who has not confirmed three days after the mail is reminded, once. Commits."""
    if not db.session.scalars(_unreminded(1)).all():
        return False
    vault().prepare(SITE)
    some = _unreminded(REMINDED_AT_ONCE)
    if db.engine.dialect.name == "postgresql":
        some = some.with_for_update(skip_locked=True)
    taking = update(Submission).where(Submission.id.in_(some.scalar_subquery())).values(reminded_at=clock.now())
    for submission in db.session.scalars(taking.returning(Submission)).all():
        if mails_sent(submission) < MAILS_AN_ADDRESS:
            petition = db.session.get_one(Petition, submission.petition_id)
            try:
                person = open_person(petition, submission)
            except UNREADABLE:  # one lost key must not silence every other petition
                continue
            mails.promise(petition, submission, person, "reminder", Purpose.CONFIRM)
    db.session.commit()
    return True


def _unreminded(most: int) -> Any:
    """Ids of those who were asked to confirm and have not; `expires_at` tells when they were written to last."""
    now = clock.now()
    written = Submission.expires_at <= now + CONFIRM_LIFE - REMINDED_AFTER
    asked = (Submission.code_digest.is_not(None), Submission.mailed_at.is_not(None), Submission.reminded_at.is_(None))
    lasting = Submission.expires_at > now
    waiting = (Submission.state == SubmissionState.MAILED, Submission.petition_id.in_(open_ids()))
    return select(Submission.id).where(*waiting, written, lasting, *asked).order_by(Submission.id).limit(most)


def expire() -> bool:
    """The worker's hourly tick: 21 days after its mail an unconfirmed submission loses everything personal. Commits.

    What was never mailed does not expire, unless it is held for good; then 21 days after that. A legal hold keeps its own."""
    now = clock.now()
    unheld = Submission.petition_id.not_in(HELD)
    expired = _empty(over(now), unheld, state=SubmissionState.EXPIRED)
    replaced = and_(Submission.state == SubmissionState.SUPERSEDED, Submission.expires_at < now)
    expired += _empty(replaced, unheld, Submission.email_index.is_not(None))
    discarded = and_(Submission.state == SubmissionState.DISCARDED, Submission.expires_at < now)
    expired += _empty(discarded, unheld, Submission.blob.is_not(None))
    mails.recall(expired)
    db.session.execute(delete(SignatureToken).where(SignatureToken.expires_at < now - TOKEN_KEPT))
    db.session.commit()
    return bool(expired)


def over(now: datetime) -> ColumnElement[bool]:
    """What nobody confirmed 21 days after its mail, what is held for good as long, and what is still held when nothing can
    be confirmed any more, a day after closing."""
    mailed = and_(
        Submission.state == SubmissionState.MAILED, Submission.mailed_at.is_not(None), Submission.expires_at < now
    )
    held = and_(
        Submission.state == SubmissionState.HELD,
        or_(Submission.held_reason.is_(None), Submission.held_reason.not_in(REVIEWED)),
        func.coalesce(Submission.held_at, Submission.received_at) < now - CONFIRM_LIFE,
    )
    ended = select(Petition.id).where(Petition.closes_at < now - GRACE)
    stranded = and_(Submission.state == SubmissionState.HELD, Submission.petition_id.in_(ended))
    return or_(mailed, held, stranded)


def _empty(*over: ColumnElement[bool], **values: Any) -> list[str]:
    emptied = {"blob": None, "email_index": None, "code_digest": None, **values}
    emptying = update(Submission).where(*over).values(emptied).returning(Submission.public_id)
    return list(db.session.scalars(emptying, execution_options=SILENT))
