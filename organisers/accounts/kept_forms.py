"""What somebody had typed when a proof was due or their session had run out: sealed, for an hour, for nobody else."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select

from core import clock
from core.db import RowNotFound, db
from core.vault import SITE, Sealed, vault
from organisers.accounts.models import KeptForm, OfficeSession
from organisers.models import Organiser

SEALED_CONTEXT = "undersigned/kept-form/v1"
LIFE = timedelta(hours=1)
LARGEST = 512 * 1024  # bytes typed: as much as the longest texts of the office take
MOST = 5  # of one account; the oldest go
Fields = Sequence[tuple[str, str]]


class NotFound(RowNotFound):
    """No such form: sent meanwhile, older than an hour, of another account, or of another session that waits for a proof."""


class TooLarge(ValueError):
    """More was typed than is kept."""


@dataclass(frozen=True)
class Typed:
    """A form as it was sent: to which path, from which page, and its fields in their order."""

    path: str
    came: str
    fields: Fields


def keep(typed: Typed, *, organiser_id: int, session_id: int | None) -> str:
    """Seals the form; gives the id that leads to it. With a session it waits there for a proof, without one for a login.

    Raises TooLarge. The vault is prepared for SITE."""
    if sum(len(name.encode()) + len(value.encode()) for name, value in typed.fields) > LARGEST:
        raise TooLarge
    public_id = secrets.token_urlsafe(16)
    values = {"path": typed.path, "came": typed.came, "fields": list(typed.fields)}
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, values)
    row = KeptForm(
        public_id=public_id, organiser_id=organiser_id, session_id=session_id, key_id=box.key_id,
        data_key_id=box.data_key_id, blob=box.blob,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    alike = (KeptForm.organiser_id == organiser_id, KeptForm.session_id.is_not_distinct_from(session_id))
    newest = select(KeptForm.id).where(*alike).order_by(KeptForm.id.desc()).limit(MOST)
    db.session.execute(delete(KeptForm).where(*alike, KeptForm.id.not_in(newest.scalar_subquery())))
    return public_id


def find(session: OfficeSession, public_id: str) -> Typed:
    """What this session's owner had typed. Raises NotFound."""
    row = db.session.scalar(select(KeptForm).where(KeptForm.public_id == public_id, *_for(session)))
    if row is None or row.blob is None:
        raise NotFound(public_id)
    sealed = Sealed(row.key_id, row.data_key_id, row.blob)
    found = vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=public_id)
    return Typed(found["path"], found["came"], [(name, value) for name, value in found["fields"]])


def waiting(organiser: Organiser) -> str | None:
    """The id of the form that was typed last in a session that ran out."""
    mine = select(KeptForm.public_id).where(
        KeptForm.organiser_id == organiser.id, KeptForm.session_id.is_(None), _fresh(), KeptForm.blob.is_not(None)
    )
    return db.session.scalar(mine.order_by(KeptForm.id.desc()).limit(1))


def drop(session: OfficeSession, public_id: str) -> None:
    """It was sent, or is wanted no more. Nothing happens where it has gone already."""
    db.session.execute(delete(KeptForm).where(KeptForm.public_id == public_id, *_for(session)))


def drop_old() -> bool:
    """The worker's tick: what nobody came back for within an hour is deleted. Commits."""
    gone = db.session.execute(delete(KeptForm).where(~_fresh()).returning(KeptForm.id)).all()
    db.session.commit()
    return bool(gone)


def _for(session: OfficeSession) -> tuple[ColumnElement[bool], ...]:
    here = or_(KeptForm.session_id.is_(None), KeptForm.session_id == session.id)
    return KeptForm.organiser_id == session.organiser_id, here, _fresh()


def _fresh() -> ColumnElement[bool]:
    return KeptForm.created_at > clock.now() - LIFE
