"""What was taken over, taken out again: a whole file, or one line, and both once more after an old backup was restored."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update

from core import clock, journal
from core.db import db
from petitions import mails
from petitions.imports import exits, services
from petitions.imports.models import SignatureImport
from petitions.models import SignatureToken, Submission
from petitions.paper.services import line_id
from petitions.states import ImportState, SubmissionState

AT_ONCE = 500
LINE = "imported-line-removed"  # in the journal
EMPTY: dict[str, Any] = {
    "state": SubmissionState.DISCARDED, "blob": None, "email_index": None, "code_digest": None, "expires_at": None,
}  # fmt: skip


def standing(found: SignatureImport) -> int:
    """How many who came in by the file stand as taken over."""
    here = (Submission.import_id == found.id, Submission.state == SubmissionState.IMPORTED)
    return db.session.scalar(select(func.count()).select_from(Submission).where(*here)) or 0


def work_on(found: SignatureImport) -> bool:
    """One batch of a taking back, committed; whether there may be more."""
    here = (Submission.import_id == found.id, Submission.state == SubmissionState.IMPORTED)
    ids = db.session.scalars(select(Submission.id).where(*here).order_by(Submission.id).limit(AT_ONCE)).all()
    if not ids:
        services.move(found, (ImportState.UNDOING,), ImportState.UNDONE, ended_at=clock.now())
    _empty(found.petition_id, ids)
    db.session.commit()
    return bool(ids)


def remove(found: SignatureImport, line: int) -> bool:
    """Takes one line's person out, for who asks for it; whether they stood there still, unconfirmed."""
    public_id = line_id(found.public_id, line)
    stands = (Submission.public_id == public_id, Submission.state == SubmissionState.IMPORTED)
    ids = db.session.scalars(select(Submission.id).where(*stands)).all()
    if taken := _empty(found.petition_id, ids):
        journal.promise(LINE, public_id)
    return bool(taken)


def replay(act: str, public_id: str) -> None:
    """Repeats a journalled taking back after an old backup was restored; other acts and unknown ids do nothing."""
    if act == LINE:
        rows = select(Submission).where(Submission.public_id == public_id, Submission.import_id.is_not(None))
        for row in db.session.scalars(rows):
            _empty(row.petition_id, [row.id])
    if act == services.TAKEN_BACK:
        mine = select(SignatureImport).where(SignatureImport.public_id == public_id)
        for found in db.session.scalars(mine):
            rows = select(Submission).where(Submission.import_id == found.id)
            _empty(found.petition_id, [row.id for row in db.session.scalars(rows)])
            found.state = ImportState.UNDONE
            services.drop_file(found)


def _empty(petition_id: int, ids: Sequence[int]) -> int:
    """Empties rows that still stand as taken over; how many did."""
    taken: list[Any] = []
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        theirs = (Submission.id.in_(some), Submission.state == SubmissionState.IMPORTED)
        gone = (Submission.id, Submission.public_id, Submission.source)
        emptying = update(Submission).where(*theirs).values(EMPTY).returning(*gone)
        emptied = db.session.execute(emptying, execution_options=services.UNSYNCED).all()
        links = delete(SignatureToken).where(SignatureToken.submission_id.in_([row.id for row in emptied]))
        db.session.execute(links, execution_options=services.UNSYNCED)  # who confirmed meanwhile keeps theirs
        taken += emptied
    mails.recall([row.public_id for row in taken])
    exits.count(petition_id, -1, [row.source for row in taken])
    return len(taken)
