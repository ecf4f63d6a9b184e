"""Who signed, read out: the public list of a petition page, and the lines that its recipient is given."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select

from core.db import db
from core.vault import vault
from petitions.models import Petition, Signature
from petitions.states import LISTED, SignatureState, Visibility
from petitions.submission_services import SEALED_CONTEXT

READ_AT_ONCE = 2000


class SignatureLine(NamedTuple):
    """What a recipient is given of one signatory who agreed to it."""

    name: str
    affiliation: str
    role: str
    country: str
    signed_on: date


def public_list(petition_id: int, *, limit: int, before: int | None = None) -> Sequence[Any]:
    """(id, public_name, public_affiliation, country) of public signatories, newest first; `before` is the last id seen."""
    columns = (Signature.id, Signature.public_name, Signature.public_affiliation, Signature.country)
    query = select(*columns).where(Signature.petition_id == petition_id, Signature.public_name.is_not(None))
    if before is not None:
        query = query.where(Signature.id < before)
    return db.session.execute(query.order_by(Signature.id.desc()).limit(limit)).all()


def signatures_for(petition: Petition) -> Iterator[SignatureLine]:
    """Those who agreed that the recipient sees their name, oldest first, opened row by row in constant memory."""
    columns = (
        Signature.key_id,
        Signature.data_key_id,
        Signature.blob,
        Signature.public_id,
        Signature.country,
        Signature.signed_at,
    )
    query = select(*columns).where(*_deliverable(petition), Signature.visibility.in_(LISTED)).order_by(Signature.id)
    opener = vault().opener(petition.scope, SEALED_CONTEXT)
    for key_id, data_key_id, blob, public_id, country, signed_at in db.session.execute(
        query.execution_options(yield_per=READ_AT_ONCE)
    ):
        person = opener(str(key_id), str(data_key_id), blob or b"", public_id)
        yield SignatureLine(person["name"], person["affiliation"], person["role"], country, signed_at.date())


def listed(petition: Petition) -> int:
    """How many agreed that the recipient sees their name: the lines of `signatures_for`."""
    query = select(func.count()).where(*_deliverable(petition), Signature.visibility.in_(LISTED))
    return db.session.scalar(query) or 0


def counted_only(petition: Petition) -> int:
    """How many more signed to be counted without their name; retention clears these rows and keeps the number."""
    theirs = (Signature.petition_id == petition.id, Signature.state == SignatureState.VALID)
    query = select(func.count()).where(*theirs, Signature.visibility == Visibility.COUNTED)
    return db.session.scalar(query) or 0


def _deliverable(petition: Petition) -> tuple[Any, ...]:
    return Signature.petition_id == petition.id, Signature.state == SignatureState.VALID, Signature.cleared_at.is_(None)
