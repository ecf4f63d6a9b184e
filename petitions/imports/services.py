"""Imports of signatures: made, understood anew, started, stopped and taken back here; the worker does what takes time."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from core import clock, journal
from core.db import RowNotFound, db
from core.jobs import enqueue
from core.vault import SITE, Sealed, vault
from petitions import deadlines
from petitions.imports.models import ImportPart, ImportRefusal, SignatureImport
from petitions.models import Petition
from petitions.states import ImportOrigin, ImportState, PetitionState

S = ImportState
SEALED_CONTEXT = "undersigned/import/v1"
WORK = "imports.work"
TAKEN_BACK = "import-taken-back"  # in the journal
A_PART = 500  # lines that are taken in at once
UNDER_WAY = (S.COUNTING, S.WAITING, S.RUNNING)
DECIDED_WITHIN = timedelta(days=7)
UNSYNCED = {"synchronize_session": False}
BEFORE_CLOSING = (PetitionState.DRAFT, PetitionState.SCHEDULED, PetitionState.OPEN, PetitionState.PAUSED)

Line = tuple[int, list[str] | str]  # its number in the file, and its cells, or why it could not be cut into cells


class ImportNotFound(RowNotFound):
    """No such import into this petition."""


class NotTaken(ValueError):
    """The petition takes no imports: it is closed to the public, ended long ago, or erased."""


class MovedOn(ValueError):
    """The import is not in the state that this act begins from; somebody else was faster."""


class Busy(ValueError):
    """Another file is being taken into the same petition."""


class Upload(NamedTuple):
    """A file as it was read: `headings` are the columns' names, `lines` what follows."""

    origin: ImportOrigin
    headings: list[str]
    lines: Sequence[Line]
    encoding: str
    delimiter: str
    meaning: dict[str, Any]
    label: str


def takes_imports(petition: Petition) -> bool:
    """Whether a file may be taken in; before publishing, too, since a campaign that moves here brings its signatures along."""
    if petition.invited_only or petition.erased_at is not None:
        return False
    return petition.state in BEFORE_CLOSING or (
        petition.state == PetitionState.CLOSED and not deadlines.ran_out(petition)
    )


def make(petition: Petition, upload: Upload, *, actor: str) -> SignatureImport:
    """Stores a file sealed, and has the worker tell what would come in. The caller has prepared the vault for SITE.

    Raises NotTaken."""
    if not takes_imports(petition):
        raise NotTaken(petition.state)
    cut = [upload.lines[start : start + A_PART] for start in range(0, len(upload.lines), A_PART)]
    parts: list[Sequence[Line]] = [[(0, upload.headings)], *cut]
    found = SignatureImport(
        public_id=secrets.token_urlsafe(16), petition_id=petition.id, origin=upload.origin, label=upload.label,
        state=S.COUNTING, meaning=upload.meaning, encoding=upload.encoding, delimiter=upload.delimiter,
        lines=len(upload.lines), parts=len(parts) - 1, created_by=actor,
    )  # fmt: skip
    db.session.add(found)
    db.session.flush()
    rows = [_sealed(found.id, number, part) for number, part in enumerate(parts)]
    db.session.execute(ImportPart.__table__.insert(), rows)  # type: ignore[attr-defined]
    promise_work(found)
    return found


def get(petition: Petition, import_id: int) -> SignatureImport:
    """An import into this very petition. Raises ImportNotFound."""
    found = db.session.get(SignatureImport, import_id)
    if found is None or found.petition_id != petition.id:
        raise ImportNotFound(import_id)
    return found


def list_of(petition: Petition) -> Sequence[SignatureImport]:
    """The petition's imports, the newest first."""
    mine = select(SignatureImport).where(SignatureImport.petition_id == petition.id)
    return db.session.scalars(mine.order_by(SignatureImport.id.desc())).all()


def headings(found: SignatureImport) -> list[str]:
    """The names of the file's columns, opened; none once the file was deleted."""
    return next((list(cells) for _number, cells in part(found, 0)), [])


def part(found: SignatureImport, number: int) -> list[Line]:
    """Some lines of the file, opened; needs the keystore."""
    row = db.session.scalar(select(ImportPart).where(ImportPart.import_id == found.id, ImportPart.number == number))
    if row is None or not row.blob:
        return []
    sealed = Sealed(row.key_id, row.data_key_id, row.blob)
    opened = vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=row.public_id)
    return [(line, cells) for line, cells in opened["lines"]]


def understand(found: SignatureImport, meaning: dict[str, Any], origin: ImportOrigin) -> None:
    """Reads the columns otherwise: what would come in is told anew. Raises MovedOn."""
    move(found, (S.COUNTING, S.WAITING), S.COUNTING, meaning=meaning, origin=origin, asked=SignatureImport.asked + 1)
    promise_work(found)


def told(found: SignatureImport, asked: int, **sums: int) -> bool:
    """What would come in is known, unless the columns are read otherwise by now, or it was stopped; whether it holds."""
    same = (SignatureImport.id == found.id, SignatureImport.state == S.COUNTING, SignatureImport.asked == asked)
    telling = update(SignatureImport).where(*same).values(state=S.WAITING, **sums).returning(SignatureImport.id)
    if db.session.scalar(telling, execution_options=UNSYNCED) is None:
        db.session.rollback()
        return False
    return True


def start(found: SignatureImport) -> None:
    """Takes the lines in from now on, part by part. Raises MovedOn, NotTaken, Busy."""
    if not takes_imports(db.session.get_one(Petition, found.petition_id)):
        raise NotTaken(found.petition_id)
    try:
        with db.session.begin_nested():
            move(found, (S.WAITING,), S.RUNNING, cursor=0, good=0, refused=0, without_address=0, without_updates=0)
    except IntegrityError:
        raise Busy(found.petition_id) from None
    db.session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == found.id))
    promise_work(found)


def cancel(found: SignatureImport) -> None:
    """Stops it and deletes the file; what was taken in stays until it is taken back. Raises MovedOn."""
    move(found, UNDER_WAY, S.CANCELLED, ended_at=clock.now())
    drop_file(found)


def take_back(found: SignatureImport) -> None:
    """Takes out again whoever came in by this file and has not confirmed since. Raises MovedOn."""
    move(found, (S.DONE, S.CANCELLED), S.UNDOING)
    journal.promise(TAKEN_BACK, found.public_id)
    promise_work(found)


def move(found: SignatureImport, before: tuple[ImportState, ...], after: ImportState, **values: Any) -> None:
    """One guarded UPDATE. Raises MovedOn."""
    mine = (SignatureImport.id == found.id, SignatureImport.state.in_(before))
    moved = update(SignatureImport).where(*mine).values(state=after, **values).returning(SignatureImport.id)
    if db.session.scalar(moved, execution_options=UNSYNCED) is None:
        raise MovedOn(found.public_id)
    db.session.refresh(found)


def stop_all(petition: Petition) -> None:
    """Stops whatever is under way for an erased petition, and deletes its files."""
    under_way = (SignatureImport.petition_id == petition.id, SignatureImport.state.in_(UNDER_WAY))
    for found in db.session.scalars(select(SignatureImport).where(*under_way).order_by(SignatureImport.id)).all():
        cancel(found)


def drop_left() -> bool:
    """The worker's tick: a file that nobody said yes to within a week is deleted. Commits."""
    old = (
        SignatureImport.state.in_((S.COUNTING, S.WAITING)),
        SignatureImport.created_at < clock.now() - DECIDED_WITHIN,
    )
    left = db.session.scalars(select(SignatureImport).where(*old).order_by(SignatureImport.id)).all()
    for found in left:
        cancel(found)
    db.session.commit()
    return bool(left)


def drop_file(found: SignatureImport) -> None:
    """Deletes what is left of the file."""
    db.session.execute(delete(ImportPart).where(ImportPart.import_id == found.id), execution_options=UNSYNCED)


def refusals(found: SignatureImport, *, most: int | None = None) -> Iterator[ImportRefusal]:
    """The lines that stay out, in the file's order."""
    mine = select(ImportRefusal).where(ImportRefusal.import_id == found.id).order_by(ImportRefusal.line)
    return iter(db.session.scalars(mine.limit(most)))


def promise_work(found: SignatureImport) -> None:
    args = {"import": found.id, "petition": found.petition_id}  # the petition's erasure takes such jobs back
    enqueue(WORK, args, key=f"import:{found.public_id}:{found.state}:{found.asked}")


def _sealed(import_id: int, number: int, lines: Sequence[Line]) -> dict[str, Any]:
    public_id = secrets.token_urlsafe(16)
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, {"lines": lines})
    return {
        "public_id": public_id, "import_id": import_id, "number": number, "key_id": box.key_id,
        "data_key_id": box.data_key_id, "blob": box.blob,
    }  # fmt: skip
