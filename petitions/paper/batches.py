"""Batches of paper: begun, listed, read line by line, and taken back, as a whole or for one person who asks."""

from typing import Any, NamedTuple

from sqlalchemy import and_, func, select, update

from core import clock, journal
from core.db import RowNotFound, db
from petitions.counting import tallies
from petitions.models import Petition, Signature
from petitions.paper.models import PaperBatch
from petitions.paper.services import PaperNotTaken, takes_paper
from petitions.persons import opener
from petitions.states import ExitReason, Method, SignatureState

UNSYNCED = {"synchronize_session": False}


class BatchNotFound(RowNotFound):
    """No such batch of this petition."""


class BatchLine(NamedTuple):
    """A line of a batch as it was typed; None for a name that has been taken back or cleared."""

    public_id: str
    name: str | None
    country: str


class BatchSummary(NamedTuple):
    batch: PaperBatch
    lines: int
    standing: int


def new_batch(petition: Petition, label: str, *, actor: str) -> PaperBatch:
    """A batch without lines. Raises PaperNotTaken."""
    if not takes_paper(petition):
        raise PaperNotTaken(petition.state)
    batch = PaperBatch(petition_id=petition.id, label=label, entered_by=actor)
    db.session.add(batch)
    db.session.flush()
    return batch


def get_batch(petition: Petition, batch_id: int) -> PaperBatch:
    """A batch of this very petition. Raises BatchNotFound."""
    batch = db.session.get(PaperBatch, batch_id)
    if batch is None or batch.petition_id != petition.id:
        raise BatchNotFound(batch_id)
    return batch


def take_back(petition: Petition, batch: PaperBatch) -> int:
    """Takes a whole batch out of the count and erases its names; how many lines stood. Twice does nothing more."""
    mine = (PaperBatch.id == batch.id, PaperBatch.taken_back_at.is_(None))
    taken = update(PaperBatch).where(*mine).values(taken_back_at=clock.now()).returning(PaperBatch.id)
    if db.session.execute(taken).scalar() is None:
        return 0
    return _erase(petition, Signature.batch_id == batch.id)


def take_back_line(petition: Petition, batch: PaperBatch, public_id: str) -> int:
    """Takes one person's line back, for who asks not to be on the list any more: 1, or 0 where it had gone before."""
    return _erase(petition, and_(Signature.batch_id == batch.id, Signature.public_id == public_id))


def replay(act: str, public_id: str) -> None:
    """Repeats a journalled taking-back after an old backup was restored; rows of other ways and unknown ids do nothing."""
    mine = (Signature.public_id == public_id, Signature.method == Method.PAPER)
    found = select(Petition).join(Signature, Signature.petition_id == Petition.id).where(*mine)
    petition = db.session.scalar(found) if act == ExitReason.ERASED else None
    if petition is not None:
        _erase(petition, Signature.public_id == public_id)


def batches(petition: Petition) -> list[BatchSummary]:
    """The petition's batches, the newest first."""
    standing = func.count().filter(Signature.state == SignatureState.VALID)
    counts = select(Signature.batch_id, func.count(), standing).join(PaperBatch, PaperBatch.id == Signature.batch_id)
    counts = counts.where(PaperBatch.petition_id == petition.id).group_by(Signature.batch_id)
    numbers = {batch_id: (lines, valid) for batch_id, lines, valid in db.session.execute(counts)}
    found = db.session.scalars(
        select(PaperBatch).where(PaperBatch.petition_id == petition.id).order_by(PaperBatch.id.desc())
    )
    return [BatchSummary(batch, *numbers.get(batch.id, (0, 0))) for batch in found]


def lines_of(petition: Petition, batch: PaperBatch, *, after: int, limit: int) -> list[tuple[int, BatchLine]]:
    """(row id, line) of a batch's standing lines in the order typed; `after` is the last id seen."""
    columns = (
        Signature.id, Signature.public_id, Signature.country, Signature.key_id, Signature.data_key_id, Signature.blob,
    )  # fmt: skip
    mine = (Signature.batch_id == batch.id, Signature.state == SignatureState.VALID, Signature.id > after)
    open_row = opener(petition)
    found = []
    for row in db.session.execute(select(*columns).where(*mine).order_by(Signature.id).limit(limit)):
        name = open_row(row.key_id, row.data_key_id, row.blob, row.public_id)["name"] if row.blob else None
        found.append((row.id, BatchLine(row.public_id, name, row.country)))
    return found


def last_country(petition: Petition) -> str:
    """The country of the line that was stored last; '' before the first."""
    newest = select(func.max(Signature.batch_id)).join(PaperBatch, PaperBatch.id == Signature.batch_id)
    newest = newest.where(PaperBatch.petition_id == petition.id)
    query = select(Signature.country).where(Signature.batch_id == newest.scalar_subquery())
    return db.session.scalar(query.order_by(Signature.id.desc()).limit(1)) or ""


def _erase(petition: Petition, which: Any) -> int:
    """Empties standing paper rows, takes them out of the count, and has the journal keep it for a restored backup."""
    left = {
        "state": SignatureState.ERASED, "exit_reason": ExitReason.ERASED, "blob": None, "email_index": None,
        "public_name": None, "public_affiliation": None,
    }  # fmt: skip
    own = (which, Signature.petition_id == petition.id, Signature.method == Method.PAPER)
    standing = (*own, Signature.state.in_((SignatureState.VALID, SignatureState.INVALIDATED)))
    columns = (Signature.public_id, Signature.country, Signature.source, Signature.confirmed_at, Signature.method)
    held = update(Signature).where(*standing).values(state=Signature.state).returning(Signature.state, *columns)
    rows = db.session.execute(held, execution_options=UNSYNCED).all()  # locked: an undo waits, and then finds them gone
    db.session.execute(update(Signature).where(*standing).values(left), execution_options=UNSYNCED)
    counted = [row for row in rows if row.state == SignatureState.VALID]  # the others are out of the count already
    tallies.change_many(petition.id, -1, counted)
    journal.promise(ExitReason.ERASED.value, *(row.public_id for row in rows))
    return len(counted)
