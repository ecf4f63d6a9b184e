"""From the thanks page: the mail once more, or to another address. The public server asks, the worker does; the answer is
the same whatever comes of it."""

import secrets
from base64 import urlsafe_b64encode
from typing import Any

from sqlalchemy import select, update

from core import clock, tokens
from core.db import db, insert
from core.jobs import Job, NotNow, enqueue
from core.switches import switches
from core.vault import SITE, vault
from petitions import mails
from petitions.abuse.rules import MAILS_AN_ADDRESS, mails_sent
from petitions.mails import CONFIRM_LIFE
from petitions.models import Petition, Submission
from petitions.persons import SEALED_CONTEXT, open_person
from petitions.signature_services import in_time, takes_signatures
from petitions.states import Purpose, SubmissionState

REPLACED = (SubmissionState.RECEIVED, SubmissionState.MAILED, SubmissionState.HELD)
KEPT = ("petition_id", "country", "visibility", "source", "consent_digest", "received_at", "bucket", "trapped")


def ask_again(public_id: str) -> None:
    """Asks the worker for another mail about a submission; two presses within a minute are one."""
    key = f"again:{public_id}:{clock.now():%Y%m%d%H%M}"
    enqueue("petitions.mail_again", {"submission": public_id}, key=key)


def may_change(petition: Petition, public_id: str) -> bool:
    """Whether another address could be taken now: it is a new mail to somebody, as signing is."""
    return takes_signatures(petition) and not _halted(public_id)


def ask_for_change(public_id: str, email: str) -> str:
    """Asks the worker to write to another address instead; the public id that the new submission will have.

    The same wish has the same id: pressing twice changes the address once."""
    new_id = urlsafe_b64encode(tokens.keyed_hash("address", f"{public_id}\n{email}")[:16]).decode().rstrip("=")
    vault().prepare(SITE)
    wish = {"submission": public_id, "email": email, "new_id": new_id}
    enqueue("petitions.change_address", key=f"address:{new_id}", sealed=wish)
    return new_id


def mail_again(public_id: str) -> None:
    """The worker's part: fresh links to whoever was mailed and has not confirmed; a mail that still waits is enough."""
    mailed = (Submission.state == SubmissionState.MAILED, Submission.mailed_at.is_not(None))
    query = select(Submission).where(Submission.public_id == public_id, *mailed).with_for_update()
    submission = db.session.scalar(query)
    if submission is None or mails_sent(submission) >= MAILS_AN_ADDRESS:
        return
    petition = db.session.get_one(Petition, submission.petition_id)
    person = open_person(petition, submission)
    if submission.code_digest is None:
        mails.promise(petition, submission, person, "already_signed")
    elif in_time(petition, submission):
        mails.promise(petition, submission, person, "confirm", Purpose.CONFIRM)


def change(job: Job) -> None:
    """The worker's part; while a switch is off that was still on when the button was pressed, the wish waits."""
    wish = job.sealed()
    if _halted(wish["submission"]):
        raise NotNow
    return change_address(wish["submission"], email=wish["email"], new_id=wish["new_id"])


def change_address(public_id: str, *, email: str, new_id: str) -> None:
    """The same signature under another address, received anew and judged as any other.

    The old one is emptied. Its blind index stays as long as its links would have: it still counts against the mails that
    its address may get."""
    petition_id = db.session.scalar(select(Submission.petition_id).where(Submission.public_id == public_id))
    if petition_id is None:
        return
    petition = db.session.get_one(Petition, petition_id)
    if not takes_signatures(petition):
        return
    vault().prepare(petition.scope)
    replaced = {"state": SubmissionState.SUPERSEDED, "expires_at": clock.now() + CONFIRM_LIFE, "code_digest": None}
    waiting = (Submission.public_id == public_id, Submission.state.in_(REPLACED))
    old = db.session.scalars(update(Submission).where(*waiting).values(replaced).returning(Submission)).one_or_none()
    if old is None:
        return
    person = {**open_person(petition, old), "email": email, "salt": secrets.token_hex(32)}
    db.session.execute(insert(Submission).values(_received(petition, old, person, new_id)))
    old.blob = None
    mails.recall([public_id])


def _halted(public_id: str) -> bool:
    country = db.session.scalar(select(Submission.country).where(Submission.public_id == public_id))
    return not switches().takes_from(country or "")


def _received(petition: Petition, old: Submission, person: dict[str, Any], new_id: str) -> dict[str, Any]:
    """A proof of work is good for one mail: whoever has had none yet takes theirs along."""
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, new_id, person)
    return {
        **{name: getattr(old, name) for name in KEPT},
        "public_id": new_id, "state": SubmissionState.RECEIVED, "code_tries": 0, "mails": 0,
        "cluster_id": old.cluster_id, "proved": old.proved and not old.mails,
        "key_id": sealed.key_id, "data_key_id": sealed.data_key_id, "blob": sealed.blob,
    }  # fmt: skip
