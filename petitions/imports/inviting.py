"""Who was taken over is asked once to confirm: one mail each, at the relay's pace; who confirms is counted as any other."""

from typing import Any

from sqlalchemy import select, update

from core import clock, unsubscribes
from core.db import db
from core.jobs import Job, enqueue
from core.vault import SITE, vault
from petitions import consent, mails
from petitions.abuse.rules import MAILS_AN_ADDRESS, mails_sent
from petitions.imports import services
from petitions.imports.models import SignatureImport
from petitions.models import Petition, Submission
from petitions.persons import UNREADABLE, open_person
from petitions.states import ImportState, Purpose, SubmissionState

AT_ONCE = 200


class NotOpen(ValueError):
    """Nobody could confirm now: the petition is not open."""


def invite(found: SignatureImport) -> None:
    """Has the worker write to them, once for all. Raises NotOpen, MovedOn."""
    petition = db.session.get_one(Petition, found.petition_id)
    if not petition.open:
        raise NotOpen(petition.slug)
    mine = (
        SignatureImport.id == found.id,
        SignatureImport.state == ImportState.DONE,
        SignatureImport.invited_at.is_(None),
    )
    taking = update(SignatureImport).where(*mine).values(invited_at=clock.now()).returning(SignatureImport.id)
    if db.session.scalar(taking, execution_options=services.UNSYNCED) is None:
        raise services.MovedOn(found.public_id)
    _go_on(found, 0)


def work(job: Job) -> None:
    """The job: promises the mails of some, and then the next job."""
    found = db.session.get(SignatureImport, job.args["import"])
    if found is None or found.state != ImportState.DONE:
        return
    petition = db.session.get_one(Petition, found.petition_id)
    if not petition.open:
        return
    vault().prepare(SITE)
    rows = db.session.scalars(_next(found, job.args["after"])).all()
    for row in rows:
        _promise(petition, row)
    if rows:
        _go_on(found, rows[-1].id)


def _next(found: SignatureImport, after: int) -> Any:
    """The rows of those who have an address, were never written to, and stand as taken over; locked, for who leaves now."""
    mine = (Submission.import_id == found.id, Submission.state == SubmissionState.IMPORTED, Submission.id > after)
    reachable = (Submission.email_index.is_not(None), Submission.blob.is_not(None), Submission.mails == 0)
    return select(Submission).where(*mine, *reachable).order_by(Submission.id).limit(AT_ONCE).with_for_update()


def _promise(petition: Petition, row: Submission) -> None:
    """One mail, unless its owner wants none; the choice about the name is then theirs to make on the page."""
    try:
        person = open_person(petition, row)
    except UNREADABLE:
        return
    stopped = person["no_mail"] or unsubscribes.is_stopped(unsubscribes.token_of(person["email"]))
    if stopped or mails_sent(row) >= MAILS_AN_ADDRESS:
        return
    row.visibility = petition.visibility_default
    row.consent_digest = consent.digest_of(petition, row.visibility)
    db.session.flush()
    mails.promise(petition, row, person, "imported", Purpose.CONFIRM, origin=row.source)


def _go_on(found: SignatureImport, after: int) -> None:
    args = {"import": found.id, "petition": found.petition_id, "after": after}
    enqueue(services.INVITE, args, key=f"import-invite:{found.public_id}:{after}")
