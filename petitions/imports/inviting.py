"""Who was taken over is asked once to confirm: one mail each, at the relay's pace; who confirms is counted as any other.

A tick promises the mails, a batch and the cursor in one commit, few waiting at a time. So a petition that is paused or
frozen, and a worker that is killed, only put it off; stopping meets few that wait, and takes those back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update

from core import clock, relay, unsubscribes
from core.db import db
from core.jobs import Job
from core.vault import SITE, vault
from petitions import consent, mails
from petitions.abuse.rules import MAILS_AN_ADDRESS, mails_sent
from petitions.imports import services
from petitions.imports.models import SignatureImport
from petitions.models import Petition, SignatureToken, Submission
from petitions.persons import UNREADABLE, open_person
from petitions.states import ImportState, Purpose, SubmissionState

AT_ONCE = 50
WINDOW = 200  # of these mails wait at a time; updates have a window of their own
TEMPLATE = "imported"
OF_IMPORTS = (Job.kind == "mail", Job.priority == relay.UPDATE, Job.args["template"].as_string() == TEMPLATE)
UNDER_WAY = (
    SignatureImport.state == ImportState.DONE,
    SignatureImport.invited_at.is_not(None),
    SignatureImport.invite_ended_at.is_(None),
)


class NotOpen(ValueError):
    """Nobody could confirm now: the petition is not open."""


class Progress(NamedTuple):
    """Mails that were promised and that still wait, and how many there may be at most: of those who gave an address."""

    invited: int
    waiting: int
    most: int


def invite(found: SignatureImport) -> None:
    """Has the worker write to them, from where it was stopped if it was. Raises NotOpen, MovedOn."""
    petition = db.session.get_one(Petition, found.petition_id)
    if not petition.open:
        raise NotOpen(petition.slug)
    idle = (SignatureImport.state == ImportState.DONE, SignatureImport.invited_at.is_(None))
    _move(found, idle, invited_at=clock.now())


def stop(found: SignatureImport) -> None:
    """Writes to nobody more until it is begun again: what waits is taken back. Raises MovedOn."""
    _move(found, UNDER_WAY, invited_at=None)
    rows = db.session.execute(
        _unsent(found, "queued").order_by(Submission.id).with_for_update()
    ).all()  # first, as `leave` does
    keys = {f"mail:{row.public_id}:{number}": row.id for row in rows for number in range(1, row.mails + 1)}
    gone = {"state": "done", "blob": None, "finished_at": clock.now()}
    recalling = update(Job).where(Job.key.in_(keys), *OF_IMPORTS, Job.state == "queued").values(gone)
    ids = [
        keys[str(key)] for key in db.session.scalars(recalling.returning(Job.key), execution_options=services.UNSYNCED)
    ]
    if ids:
        _execute(update(Submission).where(Submission.id.in_(ids)).values(code_digest=None))
        _execute(delete(SignatureToken).where(SignatureToken.submission_id.in_(ids)))
        again = {"invite_cursor": min(ids) - 1, "invited": SignatureImport.invited - len(ids)}
        _execute(update(SignatureImport).where(SignatureImport.id == found.id).values(again))


def progress(found: SignatureImport) -> Progress:
    waiting = db.session.scalar(select(func.count()).select_from(_unsent(found, "queued").subquery())) or 0
    return Progress(found.invited, waiting, found.good - found.without_address)


def go_on() -> bool:
    """The worker's tick: promises as many mails as there is room for, while the petitions take signatures. Commits."""
    going = db.session.scalars(select(SignatureImport.id).where(*UNDER_WAY).order_by(SignatureImport.id)).all()
    return any([_run(import_id) for import_id in going])


def _run(import_id: int) -> bool:
    found, moved = db.session.get_one(SignatureImport, import_id), False
    petition = db.session.get_one(Petition, found.petition_id)
    while petition.open and _waiting() < WINDOW and _batch(petition, found):
        moved = True
    return moved


def _batch(petition: Petition, found: SignatureImport) -> bool:
    """One batch, committed; whether there may be more. What it reads is opened before its transaction begins.

    Who has confirmed or left since is met by the UPDATE, which takes only rows that stand as taken over."""
    import_id, cursor = found.id, found.invite_cursor
    rows = db.session.scalars(_next(found)).all()
    if not rows:
        return _end(found)
    last, people = rows[-1].id, _wanted(petition, rows)
    db.session.rollback()
    vault().prepare(SITE)
    if not _advance(import_id, cursor, invite_cursor=last):
        db.session.rollback()
        return False  # somebody has stopped it, or another worker was faster
    invited = _promise(petition, people)
    _execute(
        update(SignatureImport).where(SignatureImport.id == import_id).values(invited=SignatureImport.invited + invited)
    )
    db.session.commit()
    return True


def _end(found: SignatureImport) -> bool:
    """Nobody is ahead: it ends once nothing of it waits, so that it can be stopped until then; that there is no more."""
    if db.session.scalar(_unsent(found, "queued", "running").limit(1)) is None:
        _advance(found.id, found.invite_cursor, invite_ended_at=clock.now())
        db.session.commit()
    return False


def _next(found: SignatureImport) -> Any:
    """The rows ahead of those who have an address, were never invited, and stand as taken over."""
    mine = (
        Submission.import_id == found.id,
        Submission.state == SubmissionState.IMPORTED,
        Submission.id > found.invite_cursor,
    )
    reachable = (
        Submission.email_index.is_not(None),
        Submission.blob.is_not(None),
        Submission.code_digest.is_(None),
    )
    return select(Submission).where(*mine, *reachable).order_by(Submission.id).limit(AT_ONCE)


def _wanted(petition: Petition, rows: Sequence[Submission]) -> dict[int, dict[str, Any]]:
    """Row id → person, of those who may be written to."""
    people = {}
    for row in rows:
        try:
            person = open_person(petition, row)
        except UNREADABLE:
            continue
        stopped = person["no_mail"] or unsubscribes.is_stopped(unsubscribes.token_of(person["email"]))
        if not stopped and mails_sent(row) < MAILS_AN_ADDRESS:
            people[row.id] = person
    return people


def _promise(petition: Petition, people: Mapping[int, dict[str, Any]]) -> int:
    """Promises one mail to each who still stands as taken over; how many. The choice about the name is theirs to make."""
    shown = petition.visibility_default
    standing = (
        Submission.id.in_(people),
        Submission.state == SubmissionState.IMPORTED,
        Submission.code_digest.is_(None),
    )
    asked = {"visibility": shown, "consent_digest": consent.digest_of(petition, shown)}
    taking = update(Submission).where(*standing).values(asked).returning(Submission)
    taken = db.session.scalars(taking, execution_options={"populate_existing": True}).all()
    for row in taken:
        mails.promise(petition, row, people[row.id], TEMPLATE, Purpose.CONFIRM, origin=row.source)
    db.session.flush()
    return len(taken)


def _waiting() -> int:
    """How many invitations of any import wait in the outbox."""
    unsent = select(func.count()).select_from(Job).where(*OF_IMPORTS, Job.state.in_(("queued", "running")))
    return db.session.scalar(unsent) or 0


def _unsent(found: SignatureImport, *states: str) -> Any:
    """The rows of an import whose mail is in one of these states of the outbox."""
    waiting = db.session.scalars(select(Job.key).where(*OF_IMPORTS, Job.state.in_(states)))
    ids = {str(key).split(":")[1] for key in waiting}
    mine = (
        Submission.public_id.in_(ids),
        Submission.import_id == found.id,
        Submission.state == SubmissionState.IMPORTED,
    )
    return select(Submission.id, Submission.public_id, Submission.mails).where(*mine)


def _advance(import_id: int, cursor: int, **values: Any) -> bool:
    here = (SignatureImport.id == import_id, SignatureImport.invite_cursor == cursor, *UNDER_WAY)
    return (
        _execute(update(SignatureImport).where(*here).values(values).returning(SignatureImport.id)).first() is not None
    )


def _move(found: SignatureImport, standing: Sequence[Any], **values: Any) -> None:
    """One guarded UPDATE. Raises MovedOn."""
    moving = update(SignatureImport).where(SignatureImport.id == found.id, *standing).values(values)
    if _execute(moving.returning(SignatureImport.id)).first() is None:
        raise services.MovedOn(found.public_id)
    db.session.refresh(found)


def _execute(statement: Any) -> Any:
    return db.session.execute(statement, execution_options=services.UNSYNCED)
