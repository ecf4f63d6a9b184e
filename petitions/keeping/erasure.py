"""Erasing a petition: everything that names a person goes, and the key with it. The number and the petition's text stay.

Begun by an organiser, done by the worker; what is left to do is told by the database, so that a kill delays it only."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update

from core import audit, clock, journal, mail_files, rotation
from core.db import db
from core.jobs import Job
from petitions import services
from petitions.imports import services as imports
from petitions.invitations.models import Invitation
from petitions.keeping import clearing
from petitions.keeping import rotation as keys
from petitions.keeping.clearing import AT_ONCE, UNSYNCED
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.states import PetitionState
from petitions.updates import jobs as update_jobs
from petitions.updates.models import Update

ACT = "petition-erased"  # in the journal
TAKING = (PetitionState.OPEN, PetitionState.PAUSED)
NEVER_OPEN = (PetitionState.DRAFT, PetitionState.SCHEDULED)
PUBLIC_ID = 22  # characters of a row's public id, as it stands in the keys of jobs


class UnderHold(ValueError):
    """A legal hold forbids it; it must be lifted first."""


class NotTyped(ValueError):
    """The confirmation was not the petition's own address."""


class NothingThere(ValueError):
    """Nobody has ever been able to sign, or it has been erased already."""


def may_erase(petition: Petition) -> bool:
    return petition.erased_at is None and petition.state not in NEVER_OPEN


def erase(petition: Petition, typed: str, *, actor: str) -> None:
    """Begins it for good; nobody can sign from now on. Raises UnderHold, NotTyped, NothingThere."""
    if petition.legal_hold:
        raise UnderHold(petition.slug)
    if not may_erase(petition):
        raise NothingThere(petition.slug)
    if typed.strip() != petition.slug:
        raise NotTyped(petition.slug)
    if petition.state in TAKING:
        services.move(petition, PetitionState.CLOSED)
    petition.erased_at = clock.now()
    journal.promise(ACT, petition.public_id)
    audit.record("petition.erased", petition.slug, actor=actor)


def replay(public_id: str, moment: datetime) -> None:
    """Begins it again after an old backup was restored; for an unknown id nothing."""
    state = case((Petition.state.in_(TAKING), PetitionState.CLOSED), else_=Petition.state)
    values = {
        "erased_at": moment, "legal_hold": "", "state": state, "closes_at": func.coalesce(Petition.closes_at, moment),
    }  # fmt: skip
    erased = update(Petition).where(Petition.public_id == public_id, Petition.erased_at.is_(None)).values(values)
    db.session.execute(erased, execution_options=UNSYNCED)


def unfinished() -> list[Petition]:
    """Erased petitions whose key is still there, or for which something has arrived since."""
    petitions = db.session.scalars(select(Petition).where(Petition.erased_at.is_not(None))).all()
    return [one for one in petitions if under_way(one) or _has_late_rows(one)]


def under_way(petition: Petition) -> bool:
    """Whether an erased petition's key is still there: until it is destroyed, something may be left."""
    return rotation.active(petition.scope) is not None or bool(rotation.retired(petition.scope))


def _has_late_rows(petition: Petition) -> bool:
    late = select(Submission.id).where(Submission.petition_id == petition.id, Submission.blob.is_not(None)).limit(1)
    return db.session.scalar(late) is not None


def finish(petition: Petition, moment: datetime, mails: Path) -> None:
    """Empties every row and destroys the key; what may still arrive sealed to it is opened by nobody. Commits as it goes.

    `mails`: the folder where mails lie that no server took."""
    rotation.retire(petition.scope, moment)
    db.session.commit()
    _empty(petition, moment, mails)
    for key in rotation.retired(petition.scope):
        rotation.lose(key.id, keys.sealed_rows())
        rotation.destroy(key)


def _empty(petition: Petition, moment: datetime, mails: Path) -> None:
    """In batches that are repeated without harm: what is empty is not looked at again."""
    update_jobs.stop_all(petition)
    db.session.commit()  # nothing more is promised from now on
    _recall(petition, mails)
    something = or_(Signature.blob.is_not(None), Signature.email_index.is_not(None), Signature.public_name.is_not(None))
    theirs = select(Signature.id, Signature.public_id).where(Signature.petition_id == petition.id, something)
    while batch := db.session.execute(theirs.limit(AT_ONCE)).all():
        clearing.empty_signatures(batch, moment, clearing.NOBODY)
    sum(clearing.empty_submissions(Submission.petition_id == petition.id, links=True))
    clearing.invitations(petition, everybody=True)
    db.session.execute(delete(Suppression).where(Suppression.petition_id == petition.id), execution_options=UNSYNCED)
    clearing.conditions(petition, running=True)
    imports.stop_all(petition)
    db.session.commit()


def _recall(petition: Petition, mails: Path) -> None:
    """Takes back whatever is still to be done about its people, and the mails about them that lie as files."""
    waiting = select(Job.id, Job.public_id, Job.key, Job.args).where(Job.state != "done", Job.kind.not_in(journal.JOBS))
    gone = {"state": "done", "blob": None, "finished_at": clock.now()}
    for batch in _parts(db.session.execute(waiting.order_by(Job.id)).all()):
        ids = [job.id for job in _about(petition, batch)]
        db.session.execute(update(Job).where(Job.id.in_(ids)).values(gone), execution_options=UNSYNCED)
    for written in _parts(mail_files.job_ids(mails)):
        jobs = db.session.execute(select(Job.public_id, Job.key, Job.args).where(Job.public_id.in_(written))).all()
        mail_files.remove_of(mails, {job.public_id for job in _about(petition, jobs)})


def _about(petition: Petition, jobs: Sequence[Any]) -> list[Any]:
    """Those jobs whose key names a row of the petition, or whose arguments the petition itself."""
    named = {part for job in jobs for part in str(job.key).split(":") if len(part) == PUBLIC_ID}
    mine: set[str] = set()
    for table in (Submission, Signature, Invitation, Update):
        found = select(table.public_id).where(table.petition_id == petition.id, table.public_id.in_(named))
        mine.update(db.session.scalars(found))
    return [
        job
        for job in jobs
        if mine.intersection(str(job.key).split(":")) or job.args.get("petition") in (petition.id, petition.slug)
    ]


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]
