"""What the worker does for own pages, with what the public server cannot open: corrections, the file, links by mail."""

from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from core import clock, unsubscribes
from core.db import db
from core.jobs import Handler, Job
from core.vault import vault
from petitions import list_services, services, signature_services
from petitions.deadlines import ENDED
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.own_page import mails as own_page_mails
from petitions.own_page.services import FROZEN, STANDING, Standing, correction_key, standing_of
from petitions.persons import SEALED_CONTEXT, open_person, public_affiliation
from petitions.states import SignatureState, SubmissionState, Visibility
from petitions.updates.audience import list_name


def correct(job: Job) -> None:
    """Seals a row anew with what its owner wants to stand, under the same salt; a public name follows.

    Of several wishes the newest decides, in whatever order workers come to them."""
    asked = job.sealed()
    submission = db.session.get(Submission, asked["submission"])
    if submission is None:
        return
    petition = db.session.get_one(Petition, submission.petition_id)
    vault().prepare(petition.scope)
    _lock(submission)
    standing = standing_of(submission)
    row = standing.row
    if row is None or row.blob is None or _newer(job, standing, asked["fields"]):
        return
    person = {**open_person(petition, row), **asked["fields"]}
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, row.public_id, person)
    if asked["fields"].get("updates"):  # asked for anew: what ended the news before is taken back
        unsubscribes.allow(unsubscribes.token_of(person["email"], list_name(petition)))
    row.key_id, row.data_key_id, row.blob = sealed.key_id, sealed.data_key_id, sealed.blob
    if isinstance(row, Signature) and row.state == SignatureState.VALID and row.visibility == Visibility.PUBLIC:
        row.public_name, row.public_affiliation = person["name"], public_affiliation(person)
    db.session.flush()


def mail_data(job: Job) -> None:
    """Mails everything that is stored to the address that signed."""
    standing = _asked_for(job)
    if standing is not None:
        person = _open(standing)
        own_page_mails.promise_data(standing, person, job.public_id)


def renew_link(job: Job) -> None:
    """Mails the link in whose favour its owner made the older ones useless."""
    standing = _asked_for(job)
    if standing is not None:
        person = _open(standing)
        own_page_mails.promise_renewed(standing, person, job.public_id)


def mail_link(job: Job) -> None:
    """Mails a link to an address that has signed, or is about to; nothing to any other, nor to who wants no mail. Of frozen
    petitions nobody names one: there whichever was signed is meant.

    The mail goes to the address that was given with the signature, however it was spelt now."""
    asked = job.sealed()
    frozen = asked["petition"] == FROZEN
    named = select(Petition).where(Petition.slug == asked["petition"])
    for petition in services.list_frozen() if frozen else db.session.scalars(named).all():
        _mail_link(petition, asked["email"])


def _mail_link(petition: Petition, email: str) -> None:
    indexes = list(list_services.indexes_of(petition, email))
    standing = _signed(petition, indexes) or _about_to_sign(petition, indexes)
    if not standing or not standing.sealed:  # counted only: the address is gone
        return
    person = _open(standing)
    if not unsubscribes.is_stopped(unsubscribes.token_of(person["email"])):
        own_page_mails.promise_link(standing, person, _public_ids(standing.petition, indexes))


def forget_suppressions() -> bool:
    """The worker's tick: an address whose owner never signed is forgotten once its petition takes no signature. Commits."""
    now, closes_at = clock.now(), Petition.closes_at
    ended = and_(Petition.state.in_(ENDED), or_(closes_at.is_(None), closes_at > now))
    over = select(Petition.id).where(or_(closes_at < now - signature_services.GRACE, ended))
    closed = Suppression.petition_id.in_(over)
    if db.session.scalar(select(Suppression.petition_id).where(closed).limit(1)) is None:
        return False
    db.session.execute(delete(Suppression).where(closed))
    db.session.commit()
    return True


def _asked_for(job: Job) -> Standing | None:
    """Whose wish it is, locked, so that who leaves meanwhile finds the mail to take back; None once the address is gone."""
    submission = db.session.get(Submission, job.sealed()["submission"])
    if submission is None:
        return None
    _lock(submission)
    standing = standing_of(submission)
    return standing if standing.sealed else None


def _open(standing: Standing) -> dict[str, Any]:
    assert standing.row is not None
    return open_person(standing.petition, standing.row)


def _lock(submission: Submission) -> None:
    """Takes the row's lock, and the database's where that is SQLite, before anything of it is believed."""
    same = update(Submission).where(Submission.id == submission.id).values(mails=Submission.mails)
    db.session.execute(same, execution_options={"synchronize_session": False})
    db.session.refresh(submission)
    standing = standing_of(submission)
    if standing.signature:
        db.session.refresh(standing.signature, with_for_update=True)


def _newer(job: Job, standing: Standing, fields: dict[str, Any]) -> bool:
    key = correction_key(standing.public_id, fields)
    newer = select(Job.id).where(Job.key.startswith(key, autoescape=True), Job.id > job.id).limit(1)
    return db.session.scalar(newer) is not None


def _signed(petition: Petition, indexes: list[bytes]) -> Standing | None:
    """The signature with the submission that it came from; one on paper or by invitation has none, and no own page."""
    joined = select(Submission).join(Signature, Signature.public_id == Submission.public_id)
    theirs = (Signature.petition_id == petition.id, Signature.email_index.in_(indexes), Signature.state.in_(STANDING))
    submission = db.session.scalar(joined.where(*theirs))
    return standing_of(submission) if submission else None


def _about_to_sign(petition: Petition, indexes: list[bytes]) -> Standing | None:
    theirs = (Submission.petition_id == petition.id, Submission.email_index.in_(indexes))
    waiting = select(Submission).where(
        *theirs, Submission.state.in_((SubmissionState.MAILED, SubmissionState.IMPORTED))
    )
    submission = db.session.scalar(waiting.order_by(Submission.id.desc()).limit(1))
    return standing_of(submission) if submission else None


def _public_ids(petition: Petition, indexes: list[bytes]) -> list[str]:
    theirs = (Submission.petition_id == petition.id, Submission.email_index.in_(indexes))
    return list(db.session.scalars(select(Submission.public_id).where(*theirs)))


JOBS: dict[str, Handler] = {
    "petitions.correct": correct, "petitions.own_data": mail_data, "petitions.own_link": mail_link,
    "petitions.renew_link": renew_link,
}  # fmt: skip
